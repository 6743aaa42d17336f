"""The prompts that a model is given: files in `prompts/`, each with a version.

A prompt's text decides what a model answers, so a changed text is a new version; the digest shows any change.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

_HEADER = re.compile(r"Versão: (\d+)\. (.+)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt.

    Attributes:
        name: Its file is `prompts/NAME.pt.md`.
        version: Raised with every change of its text.
        purpose: What it is for, in one sentence.
        rules: What the model is told once, with `{places}` to be filled.
        asked: What it is asked each time.
    """

    name: str
    version: int
    purpose: str
    rules: str
    asked: str

    @property
    def digest(self) -> str:
        """Return the beginning of the SHA-256 of its text."""
        return hashlib.sha256(f"{self.rules}\0{self.asked}".encode()).hexdigest()[:12]


def read_prompt(name: str) -> Prompt:
    """Return a prompt from its file: a line with its version, the rules, and what is asked, parted by `---`."""
    text = resources.files("assistant.writing").joinpath("prompts", f"{name}.pt.md").read_text("utf-8")
    header, rules, asked = text.split("\n---\n")
    version, purpose = _HEADER.fullmatch(header.strip()).groups()  # type: ignore[union-attr] # our own files
    return Prompt(name, int(version), purpose, rules.strip(), asked.strip())


def all_prompts() -> list[Prompt]:
    """Return every prompt, by name."""
    files = resources.files("assistant.writing").joinpath("prompts").iterdir()
    return [read_prompt(name) for name in sorted(file.name.removesuffix(".pt.md") for file in files)]
