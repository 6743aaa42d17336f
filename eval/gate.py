"""The gate: may this build answer people? Yes, unless a rule says why not, in words that name what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.compare import SURE, Comparison, Flip, compare_runs
from eval.datasets.checking import Broken
from eval.report import Report, one_line, percent
from eval.scoring import MEASURES
from ingest.errors import SettingsError

GUARDED = ("correct", "evidence_shown", "right_document", "abstained_wrongly", "answered_wrongly", "Success@5")
"""What must not be surely worse than in the run that was accepted last."""

_TOLD = 5  # questions that a reason names
_QUOTE = 160  # characters of a quote or an answer that are told


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a build passes.

    Attributes:
        reasons: Why it does not; none when it does.
        notes: What a person should know besides: what differs from the accepted run.
        comparison: With the accepted run; None when there is none.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    comparison: Comparison | None = None

    @property
    def passed(self) -> bool:
        """Tell whether it passes."""
        return not self.reasons


def judge_run(
    report: Report,
    *,
    accepted: Report | None = None,
    broken: Sequence[Broken] = (),
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> Verdict:
    """Judge a run.

    Args:
        report: The run.
        accepted: The run that was accepted last: no measure of `GUARDED` may be surely worse (two-sided p of the paired
            bootstrap below 0.05).
        broken: Quotes that do not stand in the corpus (any more): what was edited away changes what is right.
        at_least: The least that measures have to reach.
        at_most: The most that they may.

    Raises:
        SettingsError: There is no measure of a name.
    """
    comparison = compare_runs(accepted, report) if accepted else None
    reasons = [*_gone(broken), *_outside(report, at_least or {}, at_most or {})]
    if comparison:
        reasons += _worse(comparison)
    return Verdict(tuple(reasons), _notes(comparison, broken), comparison)


def _gone(broken: Sequence[Broken]) -> Iterable[str]:
    for fault, says in (
        ("no document", "of documents that are not there"),
        ("no such text", "no longer in their documents"),
    ):
        those = [each for each in broken if each.fault == fault]
        if not those:
            continue
        docs, first = ", ".join(dict.fromkeys(each.doc for each in those)), those[0]
        nearest = f" Now the nearest is “{_short(first.nearest)}”." if first.nearest else ""
        yield (
            f"Evidence: {_count(len(those), 'quote')} {says} ({docs}). The question “{first.question}” rests on "
            f"“{_short(first.quote)}”.{nearest} Correct the documents, or the data set (coruja eval check)."
        )


def _outside(report: Report, at_least: Mapping[str, float], at_most: Mapping[str, float]) -> Iterable[str]:
    values, known = report.measures(), {measure.name for measure in MEASURES}
    if unknown := [name for name in (*at_least, *at_most) if name not in known]:
        raise SettingsError(
            f"There is no measure '{unknown[0]}' to hold.", f"Measures are: {', '.join(sorted(known))}."
        )
    for name, limit in at_least.items():
        if name in values and values[name].value < limit:
            yield f"{_named(name)} is {percent(values[name].value)}; at least {percent(limit)} is asked for."
    for name, limit in at_most.items():
        if name in values and values[name].value > limit:
            yield f"{_named(name)} is {percent(values[name].value)}; at most {percent(limit)} is allowed."


def _worse(comparison: Comparison) -> Iterable[str]:
    better = {measure.name: 1 if measure.higher else -1 for measure in MEASURES}
    turned = [flip for flip in comparison.flips if not flip.better]
    for name in GUARDED:
        change = comparison.changes.get(name)
        if change and change.p < SURE and better[name] * (change.after - change.before) < 0:
            yield (
                f"{_named(name)} went from {percent(change.before)} to {percent(change.after)} (95 % of the "
                f"bootstrap: {100 * change.low:+.1f} to {100 * change.high:+.1f} points). "
                f"{_count(len(turned), 'question')} went wrong, such as {_examples(turned)}."
            )


def _notes(comparison: Comparison | None, broken: Sequence[Broken]) -> tuple[str, ...]:
    cut = [each.example for each in broken if each.fault == "cut apart"]
    notes = [f"cut apart, so that no passage can show it: the evidence of {', '.join(cut[:_TOLD])}"] if cut else []
    for name, (old, new) in (comparison.made if comparison else {}).items():
        if name not in ("checksum", "generation", "chunks"):
            notes.append(f"{name}: {old} → {new}")
    return tuple(notes)


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict as Markdown: the reasons, what differs, and each question whose answer changed."""
    lines = ["## Coruja: the gate " + ("passes" if verdict.passed else "does not pass"), ""]
    lines += [f"- {reason}" for reason in verdict.reasons] or ["Nothing is surely worse than before."]
    lines += [f"- *{note}*" for note in verdict.notes]
    if verdict.comparison:
        turned = (*verdict.comparison.flips, *verdict.comparison.changed)
        lines += ["", f"### {_count(len(turned), 'changed answer')}"]
        lines += [line for flip in turned for line in _changed(flip)]
    return "\n".join(lines) + "\n"


def _changed(flip: Flip) -> Iterable[str]:
    how = {(True, False): "right → wrong", (False, True): "wrong → right"}.get(
        (flip.before.correct, flip.after.correct), "changed"
    )
    yield f"\n**{one_line(flip.after.question)}** ({how})\n"
    for name, row in (("before", flip.before), ("after", flip.after)):
        yield f"> {name}: {one_line(row.answer or row.error)}\n>"


def _examples(flips: Sequence[Flip]) -> str:
    return "; ".join(f"“{flip.after.question}”" for flip in flips[:3]) or "none"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTE else line[:_QUOTE] + "…"


def _named(name: str) -> str:
    return name.replace("_", " ")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
