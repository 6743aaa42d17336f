"""The prompts by which sentences of a chat model are gathered: `python -m training.sentences.asked --out FOLDER`.

Questions of `train_docs` with passages that Coruja finds, in the product's own prompt. Each set of passages is that of
a question which the documentation answers, and is asked three: that one (`found`), another one of the same document,
which the passages answer or not (`near`), and one of another document or without an answer (`away`): there a model
invents. With `--whole`, every question that Coruja lets through is asked of what was found for it (`asked`), as people
ask. A row holds the questions and where the passages stand: documents and the offsets of their chunks.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.asking.glossary import load_glossary
from assistant.asking.language import NAMES
from assistant.asking.parts import understand_parts
from assistant.asking.question import understand
from assistant.evidence.answerable import threshold
from assistant.evidence.gather import gather, gather_parts
from assistant.settings import Settings
from assistant.writing.prompt import read_prompt
from assistant.writing.sources import Source, as_markdown, fitting, harmless, sources
from index.index import Index
from training.sentences.labelled import ASKED
from training.weights.questions import Asked, came_with, open_corpora

ROOM, WHOLE_ROOM = 450, 900
"""Tokens of passages, as the product counts them: as many as a slow machine reads in some seconds, and in ten."""
SETS = 14
"""Sets of passages for each documentation."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """What a model is asked of one set of passages.

    Attributes:
        corpus: The documentation.
        questions: Kind (`asked`, `found`, `near` or `away`) and question.
        passages: Document and offsets of the chunks of each passage, in the order of the product's sources.
        rules: What the model is told first.
        asked: What it is asked for each question, the passages first.
    """

    corpus: str
    questions: tuple[tuple[str, str], ...]
    passages: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    rules: str
    asked: tuple[str, ...]


def prompts(index: Index, asked: Sequence[Asked], chance: random.Random) -> Iterator[Prompted]:
    """Yield what a model is asked of one documentation."""
    answered = [each for each in asked if each.places]
    silent = [each for each in asked if not each.places]
    chosen: dict[str, Asked] = {each.doc: each for each in chance.sample(answered, len(answered))}
    drawn = chance.sample(sorted(chosen.values(), key=lambda each: each.text), len(chosen))
    at = 0
    for first in drawn:
        same = [each for each in answered if each.doc == first.doc and each.text != first.text]
        others = silent if at % 2 else [each for each in answered if each.doc != first.doc]
        near = chance.choice(same or [each for each in answered if each.doc != first.doc])
        evidence = gather(understand(first.text), index, Settings().k, caution=0.0)
        found = sources(evidence.hits, evidence.read)
        given = fitting(found, ROOM) or found[:1]
        if any(_shows(first, source) for source in given):
            questions = (("found", first.text), ("near", near.text), ("away", chance.choice(others).text))
            yield _prompted(first.corpus, questions, given)
            at += 1
        if at == SETS:
            return


def whole(index: Index, asked: Sequence[Asked], _: random.Random) -> Iterator[Prompted]:
    """Yield what a model is asked of one documentation where the evidence is let through."""
    caution, glossary = threshold(Settings().caution), load_glossary()
    for each in asked:
        parts = understand_parts(each.text, lambda part: index.search(part, 1), glossary)
        evidence = gather_parts(parts, index, Settings().k, caution)
        found = sources(evidence.hits, evidence.read)
        if evidence.hits and (given := fitting(found, WHOLE_ROOM) or found[:1]):
            yield _prompted(each.corpus, ((ASKED, each.text),), given)


def _shows(asked: Asked, source: Source) -> bool:
    return asked.is_shown_by(source.chunks[0].doc_id, source.chunks[0].start, source.chunks[-1].end)


def _prompted(corpus: str, questions: tuple[tuple[str, str], ...], given: Sequence[Source]) -> Prompted:
    prompt = read_prompt("answer")
    return Prompted(
        corpus,
        questions,
        tuple(
            (source.chunks[0].doc_id, tuple((chunk.start, chunk.end) for chunk in source.chunks)) for source in given
        ),
        prompt.rules.format(idioma=NAMES["pt"]),
        tuple(prompt.asked.format(trechos=as_markdown(given), pergunta=harmless(text)) for _, text in questions),
    )


def main() -> None:
    """Write the prompts, a file a documentation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--whole", action="store_true", help="ask every question, with what Coruja finds for it")
    given = parser.parse_args()
    made = whole if given.whole else prompts
    for folder in sorted(path for path in given.data.iterdir() if path.is_dir()):
        chance = random.Random(15)
        with open_corpora([folder], came_with) as [(index, asked)]:
            rows = [json.dumps(asdict(row), ensure_ascii=False) for row in made(index, asked, chance)]
        (given.out / f"{folder.name}.jsonl").write_text("\n".join((*rows, "")), encoding="utf-8")


if __name__ == "__main__":
    main()
