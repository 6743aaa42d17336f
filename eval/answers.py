"""Measuring extractive answers on a folder in BEIR layout with answers: the sentence, and the span marked in it.

`answers.jsonl` has `_id` of a query and `answers`, a list of references. Passages are found among all of the folder's.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from assistant.answer import Answer
from assistant.asking.glossary import load_glossary
from assistant.assistant import Assistant
from assistant.settings import Settings
from assistant.workspace.opening import open_embedder, open_reranker
from eval.beir import Progress, index_passages, read_queries
from eval.datasets.reading import json_lines
from eval.measures.texts import normalised, squad_f1
from index.live import LiveIndex
from ingest.errors import DatasetError
from ingest.splitting.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Marked:
    """What the first citation of an answer marks, and the sentence that it stands in; both empty for an abstention.

    Attributes:
        span: What is marked.
        sentence: The sentence that it stands in.
        half: Whether the answer names something of the question as missing.
    """

    span: str = ""
    sentence: str = ""
    half: bool = False


def run_answers(folder: Path, settings: Settings, *, progress: Progress | None = None) -> dict[str, Any]:
    """Index a folder's passages in a temporary folder, ask every question that has answers, and score what is cited.

    Args:
        folder: Holds `corpus.jsonl`, `queries.jsonl` and `answers.jsonl`.
        settings: Who embeds and reranks, and how many hits are looked at.
        progress: Called with (done, in all, "index" or "ask").

    Returns:
        `measures`, in [0, 1], over all questions, an abstention counting 0: `Holds@1` (the sentence of the first
        citation holds a reference), `F1` (SQuAD token F1 of what it marks), `F1_sentence` (of its sentence) and
        `answered`, and `half` (answered, with something of the question named as missing); `queries` (how many) and
        `seconds` (all of it).

    Raises:
        DatasetError: A file is missing, or a line of it cannot be used.
    """
    began = perf_counter()
    references = _read_answers(folder / "answers.jsonl")
    questions = read_queries(folder / "queries.jsonl", references, judged_in="answers.jsonl")
    embedder = open_embedder(settings)
    quoting = settings.model_copy(update={"writer": "extractive"})
    with TemporaryDirectory(prefix="coruja-answers-") as root:
        store = index_passages(folder / "corpus.jsonl", Path(root), embedder, progress)
        live = LiveIndex(store, embedder, open_reranker(settings))
        with closing(Assistant(live, quoting, load_glossary(Path(root)))) as assistant:
            marked = dict(_ask(assistant, questions, progress))
    return {
        "measures": _measures(references, marked),
        "queries": len(references),
        "seconds": perf_counter() - began,
    }


def _ask(assistant: Assistant, questions: Mapping[str, str], progress: Progress | None) -> Iterator[tuple[str, Marked]]:
    for done, (name, question) in enumerate(questions.items()):
        if progress:
            progress(done, len(questions), "ask")
        yield name, _first_cited(assistant, assistant.ask(question))


def _first_cited(assistant: Assistant, answer: Answer) -> Marked:
    if not answer.citations:
        return Marked()
    citation = answer.citations[0]
    text, offset = assistant.section_text(citation)
    at = (citation.highlight or (citation.start,))[0] - offset
    sentence = next((text[start:end] for start, end in sentence_spans(text) if start <= at < end), citation.answering)
    return Marked(citation.answering, sentence, bool(answer.missing))


def _measures(references: Mapping[str, Sequence[str]], marked: Mapping[str, Marked]) -> dict[str, float]:
    pairs = [(marked[name], right) for name, right in references.items()]
    return {
        "Holds@1": sum(_holds(found.sentence, right) for found, right in pairs) / len(pairs),
        "F1": sum(squad_f1(found.span, right) for found, right in pairs) / len(pairs),
        "F1_sentence": sum(squad_f1(found.sentence, right) for found, right in pairs) / len(pairs),
        "answered": sum(bool(found.span) for found, _ in pairs) / len(pairs),
        "half": sum(found.half for found, _ in pairs) / len(pairs),
    }


def _holds(sentence: str, references: Sequence[str]) -> bool:
    """Tell whether a sentence has the words of a reference, in their order and without a gap."""
    said = f" {' '.join(normalised(sentence))} "
    return any(f" {' '.join(normalised(reference))} " in said for reference in references)


def _read_answers(path: Path) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = {}
    for line, row in json_lines(path):
        name, given = row.get("_id"), row.get("answers")
        usable = isinstance(given, list) and given and all(isinstance(one, str) for one in given)
        if not isinstance(name, str) or not isinstance(given, list) or not usable:
            message = f"{path}, line {line}: not an `_id` and a list of `answers`."
            raise DatasetError(message, 'Write it as {"_id": "…", "answers": ["…"]}.')
        answers.setdefault(name, []).extend(given)
    if not answers:
        raise DatasetError(f"{path} has no answers.", "Add lines of `_id` and `answers`.")
    return answers
