"""Drafting: questions proposed from the corpus, for a person to accept, correct or throw away.

By rule, from what the structure of a text says: a heading that asks, a definition, the steps under a heading, what a
row or an item is about. By a chat model where there is one. Nothing that is drafted is measured before it is accepted.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from assistant.asking.language import language_of
from assistant.writing.prompt import read_prompt
from eval.datasets.example import Evidence, Example
from ingest.chunk import Chunk
from ingest.document import Document

if TYPE_CHECKING:
    from assistant.models.chat_model import ChatModel

SHORTEST, LONGEST = 40, 1200
"""Characters of a chunk that a question is drafted from."""

_DEFINED = re.compile(r"\A(?:[OAUTE]\w{0,2} )?(?P<what>[^.,:;()]{3,60}?) (?:é|são|is|are) (?:uma?|[oa]s?|an?|the) ")
_STEPS = re.compile(r"^\s*1[.)] .*^\s*2[.)] ", re.MULTILINE | re.DOTALL)
_DOING = re.compile(r"\A[A-ZÀ-Ý]\w+[aeio]r(?:-\w+)? ", re.UNICODE)
_TEMPLATES = {
    "en": {"definition": "What is {}?", "steps": "How do I get this done: {}?"},
    "es": {"definition": "¿Qué es {}?", "steps": "¿Cuáles son los pasos de «{}»?"},
}
_PORTUGUESE = {"definition": "O que é {}?", "steps": "Quais são os passos de «{}»?"}

Ask = Callable[[str], str]


def draft(corpus: Iterable[tuple[Document, Sequence[Chunk]]], count: int, *, ask: Ask | None = None) -> list[Example]:
    """Return drafted questions, all `pending`, taken in turn from the documents.

    Args:
        corpus: Every document with its chunks.
        count: How many at most.
        ask: Has a chat model write a question that a text answers; by rule when None. What it returns is kept when it
            is one question.
    """
    documents = [chunks for _, chunks in corpus]
    names = _names(documents)
    by_document = (_drafts(chunks, names, ask) for chunks in documents)
    in_turn = chain.from_iterable(zip_longest(*by_document))
    once: dict[str, Example] = {}
    for example in in_turn:
        if example:
            once.setdefault(example.question.lower(), example)
        if len(once) == count:
            break
    return list(once.values())


def _names(documents: Iterable[Sequence[Chunk]]) -> frozenset[str]:
    """Return the subjects and headings that stand once in the corpus; what many are called names none."""
    chunks = [chunk for chunks in documents for chunk in chunks]
    headings = {(chunk.section_id, chunk.headings[-1]) for chunk in chunks if chunk.headings}
    counts = Counter([chunk.subject for chunk in chunks if chunk.subject] + [heading for _, heading in headings])
    return frozenset(name for name, count in counts.items() if count == 1)


def _drafts(chunks: Sequence[Chunk], names: frozenset[str], ask: Ask | None) -> Iterator[Example]:
    usable = (chunk for chunk in chunks if SHORTEST <= len(chunk.text) <= LONGEST and chunk.kind != "code")
    for chunk in usable:
        for kind, question in _asked(chunk, names, ask):
            digest = hashlib.sha256(f"{chunk.doc_id}\0{chunk.text}\0{question}".encode()).hexdigest()[:8]
            yield Example(
                id=f"draft-{digest}",
                question=question,
                answerable=True,
                evidence=(Evidence(chunk.doc_id, chunk.text),),
                kind=kind,
                tags=("model" if ask else "rule",),
                state="pending",
            )


def _asked(chunk: Chunk, names: frozenset[str], ask: Ask | None) -> Iterator[tuple[str, str]]:
    if ask is None:
        yield from islice(_by_rule(chunk, names), 1)
        return
    written = ask("\n".join((*chunk.headings, chunk.plain))).strip()
    if written.endswith("?") and "\n" not in written and len(written) <= 300:
        yield "", written


def _by_rule(chunk: Chunk, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    templates = _TEMPLATES.get(language_of(chunk.plain), _PORTUGUESE)
    heading = chunk.headings[-1].strip() if chunk.headings else ""
    if heading.endswith("?"):
        yield "heading", heading
    if heading in names and _STEPS.search(chunk.text):
        by_name = templates["steps"].format(heading)
        yield "steps", f"Como {heading[0].lower()}{heading[1:]}?" if _DOING.match(heading) else by_name
    if chunk.subject in names:
        yield chunk.kind, templates["definition"].format(chunk.subject.rstrip(".:"))
    defined = _DEFINED.match(chunk.plain)
    # What a sentence defines is what its section is about; elsewhere the words before "is" are any words.
    if defined and defined["what"].lower() in " ".join(chunk.headings).lower():
        yield "definition", templates["definition"].format(defined["what"].strip())


def asked_by(chat: "ChatModel") -> Ask:
    """Return what has a chat model write a question (the prompt `draft`).

    What that returns raises `ModelUnavailable` when the model does not answer.
    """
    prompt = read_prompt("draft")

    def ask(text: str) -> str:
        return chat.complete([("system", prompt.rules), ("human", prompt.asked.replace("{trecho}", text))])

    return ask
