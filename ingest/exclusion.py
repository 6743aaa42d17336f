"""What the owner wants left out of the corpus, in the patterns of `.gitignore`. The one file that knows pathspec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pathspec import GitIgnoreSpec

from ingest.errors import SettingsError


class Exclusion:
    """Tells which files are left out.

    Args:
        patterns: As in `.gitignore`, the last that fits decides: `**/node_modules/**`, `drafts/`, `!drafts/this.md`.

    Raises:
        SettingsError: A pattern cannot be read.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        with explained(patterns):
            self._spec = GitIgnoreSpec.from_lines(patterns)

    def covers(self, path: str) -> bool:
        """Tell whether a path, relative to the corpus and with `/` between folders, is left out."""
        return bool(self._spec.patterns) and self._spec.match_file(path)


@contextmanager
def explained(patterns: Sequence[str]) -> Iterator[None]:
    """Turn what pathspec raises into `SettingsError`."""
    try:
        yield
    except Exception as error:  # its exceptions share no class
        raise SettingsError(
            f"What is to be excluded cannot be read: {', '.join(patterns)} ({error}).",
            "Write patterns as in .gitignore: **/node_modules/**, drafts/",
        ) from error
