"""How fast each model reads on this machine, kept in the workspace: what a person waits for depends on it."""

import json
from pathlib import Path

_CHANGED = 0.1  # of what was kept, for another figure to be worth writing


class Speeds:
    """Tokens that models read a second, by name.

    Args:
        file: Where they are kept; nothing is kept when None. One that cannot be read or written is done without.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def of(self, model: str) -> float:
        """Return a model's speed; 0 when it is not known."""
        speed = self._read().get(model, 0.0)
        return float(speed) if isinstance(speed, int | float) else 0.0

    def keep(self, model: str, speed: float) -> None:
        """Keep a model's speed, where it is another than before."""
        kept = self._read()
        if self._file is None or abs(speed - self.of(model)) <= _CHANGED * speed:
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
