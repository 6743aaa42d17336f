"""A model's opinion of answers, beside what people said of them: only measured against people is it worth anything.

Language models as judges agree with people about as often as people do where the model is strong, and much less where
it is small (Zheng et al. 2023, "Judging LLM-as-a-Judge"); so the agreement is shown first, and no gate asks for it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.workspace.batch import Progress
from assistant.workspace.journal import Entry
from assistant.writing.prompt import read_prompt
from eval.measures.statistics import kappa
from eval.row import Row

if TYPE_CHECKING:
    from assistant.models.chat_model import ChatModel

Judge = Callable[[str, str, str], str]
"""A question, what the documents say and an answer in; what a model writes out."""

FEWEST = 20
"""Answers that people have to have labelled, for the agreement to say anything."""

_VERDICT = re.compile(r"\b(certa|errada)\b", re.IGNORECASE)
_NOTHING = "(nada que responda)"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model thinks of answers that people labelled, and of those of a run.

    Attributes:
        labelled: How many answers people labelled and the model judged.
        agreed: How many of those it judged as they did.
        kappa: Cohen's kappa between it and them; None where nobody labelled anything.
        judged: How many answers of the run it judged.
        right: How many of those it thinks right.
        unclear: How often it wrote neither word, in all.
    """

    labelled: int
    agreed: int
    kappa: float | None
    judged: int
    right: int
    unclear: int


def judged_by(chat: "ChatModel") -> Judge:
    """Return what has a chat model judge an answer (the prompt `opinion`).

    What that returns raises `ModelUnavailable` when the model does not answer.
    """
    prompt = read_prompt("opinion")

    def judge(question: str, said: str, answer: str) -> str:
        # Not `format`: what documents say may hold braces.
        places = {"{pergunta}": question, "{trecho}": said or _NOTHING, "{resposta}": answer}
        asked = re.sub("|".join(map(re.escape, places)), lambda place: places[place[0]], prompt.asked)
        return chat.complete([("system", prompt.rules), ("human", asked)])

    return judge


def opinion(
    judge: Judge,
    entries: Sequence[Entry],
    rows: Sequence[Row] = (),
    progress: Progress | None = None,
) -> Opinion:
    """Have a model judge the answers that people labelled, and those of a run.

    Args:
        judge: Asks the model.
        entries: The journal; what bears no label is passed over.
        rows: A run; what failed is passed over.
        progress: Called with (done, in all, the question).
    """
    labelled = [entry for entry in entries if entry.label]
    asked = [row for row in rows if row.status != "failed"]
    verdicts: list[bool | None] = []
    cases = [
        *((entry.question, _cited(entry), str(entry.trace["answer"])) for entry in labelled),
        *((row.question, "\n\n".join(piece.quote for piece in row.evidence), row.answer) for row in asked),
    ]
    for at, case in enumerate(cases):
        if progress:
            progress(at, len(cases), case[0])
        verdicts.append(verdict(judge(*case)))
    pairs = [
        (label.label == "accepted", found)
        for label, found in zip(labelled, verdicts, strict=False)
        if found is not None
    ]
    own = [found for found in verdicts[len(labelled) :] if found is not None]
    return Opinion(
        labelled=len(pairs),
        agreed=sum(one == other for one, other in pairs),
        kappa=kappa(pairs) if pairs else None,
        judged=len(own),
        right=sum(own),
        unclear=sum(found is None for found in verdicts),
    )


def verdict(text: str) -> bool | None:
    """Return what a model's text says: its last word of the two; None where it has neither."""
    found = _VERDICT.findall(text)
    return found[-1].lower() == "certa" if found else None


def _cited(entry: Entry) -> str:
    """Return what the documents say, as far as a person or the answer showed it."""
    return "\n\n".join([quote for _, quote in entry.evidence] or [each["quote"] for each in entry.trace["citations"]])
