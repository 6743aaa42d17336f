"""Synthetic documents of any number: real sentences recombined, so that words behave as they do in real text.

    python -m benchmarks.synthetic --from FOLDER... --chunks 1000000 --out FOLDER

Paragraphs of two to five sentences, each sentence from anywhere in the given folders, stand under headings that were
headings there; a file holds twenty sections. The same seed gives the same files.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.document import Document
from ingest.reading.corpus import read_documents
from ingest.splitting.sentences import sentence_spans
from ingest.splitting.splitter import split

SECTIONS = 20
SENTENCES = (2, 5)
SHORTEST = 40  # characters of a sentence: shorter ones are mostly labels
FILES_PER_FOLDER = 1000


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--from", dest="sources", nargs="+", type=Path, required=True)
    parser.add_argument("--chunks", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    material = read_material(options.sources)
    for number, text in enumerate(pages(*material, sections=options.chunks, seed=options.seed)):
        folder = options.out / f"{number // FILES_PER_FOLDER:04}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:07}.md").write_text(text, encoding="utf-8")


def read_material(folders: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return the distinct sentences and headings of the documents in some folders."""
    found: dict[str, None] = {}
    headings: dict[str, None] = {}
    for folder in folders:
        for document in read_documents(folder):
            if not isinstance(document, Document):
                continue
            for chunk in split(document):
                headings.update(dict.fromkeys(chunk.headings))
                said = " ".join(chunk.plain.split())
                found.update((said[a:b], None) for a, b in sentence_spans(said) if b - a >= SHORTEST)
    return list(found), list(headings)


def pages(said: Sequence[str], headings: Sequence[str], *, sections: int, seed: int = 0) -> Iterator[str]:
    """Yield Markdown pages with so many sections in all, one chunk a section."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    while sections > 0:
        here = min(SECTIONS, sections)
        sections -= here
        parts = (f"## {chance.choice(headings)}\n\n{_paragraph(said, chance)}\n" for _ in range(here))
        yield f"# {chance.choice(headings)}\n\n" + "\n".join(parts)


def _paragraph(said: Sequence[str], chance: random.Random) -> str:
    return " ".join(chance.choice(said) for _ in range(chance.randint(*SENTENCES)))


if __name__ == "__main__":
    main()
