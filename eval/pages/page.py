"""Pages: a report, the comparison of two, or a card, as one self-contained HTML file. The one file that knows Jinja.

Plots are inline SVG that the templates draw; colours are variables of the style sheet, so that a page is light or dark
as its reader's system is, and prints on white.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from eval.card import Card
from eval.compare import SURE, Comparison
from eval.measures.statistics import Change
from eval.measures.texts import content_words
from eval.report import Report, one_line, percent
from eval.row import Row
from eval.scoring import MEASURES

_HEADLINE = ("correct", "evidence_shown", "right_document", "abstention_f1")
_IN_GROUPS = ("correct", "evidence_shown", "right_document", "abstained_wrongly", "answered_wrongly", "Success@5")
_FAILURES = {"failed": "an error", "abstained": "needlessly silent", "answered": "answered with other text"}
_TOKEN = re.compile(r"(\w+)", re.UNICODE)
_BARS = 20


def report_page(report: Report, timings: Mapping[str, Any]) -> str:
    """Return the page of a report.

    Args:
        report: What was measured.
        timings: Percentiles `p50`, `p90`, `p95`, `p99` in milliseconds, `ms` of each question, and `jobs`.
    """
    bins, error, apart = report.calibration()
    sure = [(row.probability, row.answerable) for row in report.rows if row.probability is not None]
    documents = report.documents()
    return _template("report.html.jinja").render(
        made=report.made,
        writers=report.writers,
        total=len(report.rows),
        unanswerable=sum(not row.answerable for row in report.rows),
        wrong=sum(not row.correct for row in report.rows),
        all=MEASURES,
        measures=report.measures(),
        headline=_HEADLINE,
        in_groups=_IN_GROUPS,
        groups=report.groups(),
        bins=bins,
        error=error,
        apart=apart,
        judged=[bars([value for value, able in sure if able == which], 1.0) for which in (True, False)],
        timings=timings,
        latency=bars(list(timings["ms"].values()), timings["p99"] or 1.0),
        never=[each for each in documents if each.asked and not each.found],
        preferred=sorted((each for each in documents if each.preferred), key=lambda each: (-each.preferred, each.doc)),
        documents=[each for each in documents if each.asked],
        worst=[(row, gold(row)) for row in report.worst()],
    )


def comparison_page(before: str, after: str, comparison: Comparison) -> str:
    """Return the page of a comparison; `before` and `after` are the names of the runs."""
    return _template("comparison.html.jinja").render(
        before=before, after=after, comparison=comparison, all=MEASURES, sure=SURE
    )


def card_page(card: Card) -> str:
    """Return a card as a page."""
    return _card("card.html.jinja", card)


def card_text(card: Card) -> str:
    """Return a card as Markdown."""
    return _card("card.md.jinja", card)


def _card(template: str, card: Card) -> str:
    report = card.report
    return _template(template).render(
        card=card,
        report=report,
        all=MEASURES,
        headline=_HEADLINE,
        measures=report.measures() if report else {},
        groups=report.groups() if report else {},
        failures=_FAILURES,
    )


def tuning_page(told: Mapping[str, Any], gains: Mapping[str, Change], trials: Sequence[tuple[float, bool]]) -> str:
    """Return the page of what tuning found.

    Args:
        told: `dataset`, how many questions were `looked_at`, `held_out` and `left_out`, and what was `changed`: name to
            (before, after).
        gains: How each measure changed on the questions held out.
        trials: What each trial gave, and whether it keeps what has to hold.
    """
    best = list(accumulate((gained if kept else 0.0 for gained, kept in trials), max))
    return _template("tuning.html.jinja").render(
        told=told,
        gain=gains["correct"],
        gains=[(measure, gains[measure.name]) for measure in MEASURES if measure.name in gains],
        reach=max(abs(end) for change in gains.values() for end in (change.low, change.high, 0.01)),
        trials=[(gained, kept, best[at]) for at, (gained, kept) in enumerate(trials)],
        low=min(gained for gained, _ in trials),
        high=max(gained for gained, _ in trials),
        sure=SURE,
    )


def bars(values: Sequence[float], most: float) -> list[int]:
    """Return how many values are in each of the equal stretches from 0 to `most`; what is above is in the last."""
    counts = [0] * _BARS
    for value in values:
        counts[min(int(_BARS * value / most), _BARS - 1)] += 1
    return counts


def gold(row: Row) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return each piece of evidence as its document and its text in stretches, each with whether it is shown."""
    shown = set(content_words(" ".join((row.answer, *(each.quote for each in row.cited)))))
    return [
        (
            piece.doc,
            [(part, bool(words := content_words(part)) and set(words) <= shown) for part in _TOKEN.split(piece.quote)],
        )
        for piece in row.evidence
    ]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("eval", "pages"),
        autoescape=select_autoescape(["html.jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["percent"] = percent
    environment.filters["line"] = one_line
    return environment


def _template(name: str) -> Template:
    return _environment().get_template(name)
