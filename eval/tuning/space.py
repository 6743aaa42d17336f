"""What may be tuned: settings that need no new index, each with the values that it may take."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.evidence.answerable import threshold
from assistant.evidence.reading import learned
from assistant.settings import Settings

Values = Mapping[str, float]
"""Settings by name, those of a table as `table.name`."""


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting that may be tuned.

    Attributes:
        name: Of the setting, as `coruja.toml` has it: `table.name`.
        low: The least.
        high: The most.
        step: Only every so many from the least; 0 for any.
        log: Whether a tenth more means the same everywhere.
    """

    name: str
    low: float
    high: float
    step: float = 0
    log: bool = False

    def has(self, value: float) -> bool:
        """Tell whether this is one of its values."""
        return self.low <= value <= self.high and (not self.step or (value - self.low) % self.step == 0)

    @property
    def whole(self) -> bool:
        """Tell whether its values are whole numbers."""
        return self.step >= 1


SPACE = (
    Knob("caution", 0.05, 0.95),
    Knob("k", 5, 30, step=5),
    Knob("evidence.sought", 20, 100, step=10),
    Knob("evidence.length", 300, 1200, step=300),
    Knob("evidence.read", 8, 24, step=8),
    Knob("evidence.meaning", 0.25, 4, log=True),
    Knob("evidence.reading", 0.1, 1.5),
    Knob("evidence.worth", 0.05, 1.0),
    Knob("evidence.shown", 900, 2700, step=300),
)
"""How much is read stays within half as much again: that is what answers wait for."""


def values_of(settings: Settings) -> dict[str, float]:
    """Return what is in force: the settings, what was learned where one is unset."""
    unset = {"caution": threshold(), "evidence.reading": learned("logit"), "evidence.worth": learned("worth")}
    told = settings.answering()
    return {knob.name: unset[knob.name] if told[knob.name] is None else told[knob.name] for knob in SPACE}


def with_values(settings: Settings, values: Values) -> Settings:
    """Return the settings with these in the place of theirs."""
    tables: dict[str, dict[str, float]] = {}
    own: dict[str, object] = {}
    for name, value in values.items():
        table, _, field = name.rpartition(".")
        if table:
            tables.setdefault(table, {})[field] = value
        else:
            own[field] = value
    nested = {table: getattr(settings, table).model_copy(update=fields) for table, fields in tables.items()}
    return settings.model_copy(update={**own, **nested})
