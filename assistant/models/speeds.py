"""How fast each model reads on this machine, kept in the workspace: what a person waits for depends on it."""

import json
from itertools import takewhile
from math import floor, log
from pathlib import Path

UNKNOWN = 100.0
"""Tokens a second, while a model's own speed is not known: that of 1.5 billion weights on two cores."""
_STEP = 1.5
_KEPT = 0.5  # of what was known, where it is seen again
_FEWEST = 50  # tokens, newly read, that tell a speed
_CHANGED = 0.1  # of what was kept, for another figure to be worth writing


class Pace:
    """How fast one model reads.

    Args:
        speed: Tokens a second, as far as known from before; 0 for unknown.

    Attributes:
        speed: The same, kept up to what is seen.
    """

    def __init__(self, speed: float = 0.0) -> None:
        self.speed = speed
        self._last = ""

    def readable(self, seconds: float) -> int:
        """Return how many tokens are read in some seconds.

        Counted in coarse steps, so that a question asked again is answered from the same passages.
        """
        steps = floor(log(max(self.speed or UNKNOWN, 1.0), _STEP))
        return int(_STEP**steps * seconds)

    def learn(self, prompt: str, tokens: int, seconds: float) -> None:
        """Take in how long a prompt took; what it shares with the one before it was not read again."""
        pairs = zip(prompt, self._last, strict=False)
        remembered = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) / max(len(prompt), 1)
        self._last = prompt
        read = tokens * (1 - remembered)
        if read >= _FEWEST and seconds > 0:
            self.speed = (_KEPT * self.speed + (1 - _KEPT) * read / seconds) if self.speed else read / seconds


class Speeds:
    """Tokens that models read a second, by name.

    Args:
        file: Where they are kept; nothing is kept when None. One that cannot be read or written is done without.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def of(self, model: str) -> float:
        """Return a model's speed; 0 when it is not known."""
        return _speed(self._read(), model)

    def keep(self, model: str, speed: float) -> None:
        """Keep a model's speed, where it is another than before."""
        kept = self._read()
        if self._file is None or abs(speed - _speed(kept, model)) <= _CHANGED * speed:
            return
        new = self._file.with_suffix(".new")
        try:
            new.write_text(json.dumps({**kept, model: round(speed, 1)}), encoding="utf-8")
            new.replace(self._file)
        except OSError:
            return

    def _read(self) -> dict[str, object]:
        try:
            kept = json.loads(self._file.read_text("utf-8")) if self._file else {}
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _speed(kept: dict[str, object], model: str) -> float:
    speed = kept.get(model, 0.0)
    return float(speed) if isinstance(speed, int | float) else 0.0
