"""The word lists of this folder: `words/NAME.txt`, in which a line that begins with `#` says something of the list."""

from importlib import resources


def listed(name: str) -> list[str]:
    """Return the lines of a list, without what is said of it."""
    text = resources.files("assistant.asking").joinpath("words", f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]
