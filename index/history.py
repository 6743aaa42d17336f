"""What is told of generations, and how two of them are compared: the same for every store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from index.manifest import Manifest
from ingest.chunk import Chunk
from ingest.errors import GenerationMissing

KEEP = 3
"""Generations kept when another is served: that one, and the newest others."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of an index.

    Attributes:
        name: Its name.
        served: Whether it is the one that answers.
        manifest: What it is made of; None when its manifest cannot be read.
        damage: What is wrong with it; empty as far as was looked.
    """

    name: str
    served: bool
    manifest: Manifest | None
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from one state to another, by id or by place; each in order."""

    added: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two generations.

    Attributes:
        documents: Documents, by id.
        chunks: Chunks, as `document:line › headings`; the line is that of the later generation where there is one.
    """

    documents: Changes
    chunks: Changes


def difference(
    old: Mapping[str, str], new: Mapping[str, str], chunks: Callable[[str], tuple[Sequence[Chunk], Sequence[Chunk]]]
) -> Difference:
    """Return what differs between two generations.

    Args:
        old: Content hash of every document of the earlier one, by id.
        new: The same of the later one.
        chunks: Reads the chunks that a document has in each; none where it is not there.
    """
    documents = Changes(
        added=[doc_id for doc_id in new if doc_id not in old],
        changed=[doc_id for doc_id in new if doc_id in old and new[doc_id] != old[doc_id]],
        removed=[doc_id for doc_id in old if doc_id not in new],
    )
    concerned = sorted({*documents.added, *documents.changed, *documents.removed})
    parts = [_chunk_changes(*chunks(doc_id)) for doc_id in concerned]
    added, changed, removed = ([place for part in parts for place in part[kind]] for kind in range(3))
    return Difference(documents, Changes(added, changed, removed))


def pick(names: Sequence[str], name: str) -> str:
    """Return the one generation among `names` whose name is, or begins with, the given one.

    Raises:
        GenerationMissing: There is none, or there are several.
    """
    found = [each for each in names if each == name] or [each for each in names if each.startswith(name)]
    if len(found) != 1:
        many = "are" if found else "is"
        message = f"There {many} {f'{len(found)} generations' if found else 'no generation'} '{name}'."
        raise GenerationMissing(message, "List them: coruja generations list")
    return found[0]


def older(names: Sequence[str], served: str) -> str:
    """Return the newest generation that is older than the served one; `names` are all, the newest first.

    Raises:
        GenerationMissing: There is none.
    """
    rest = names[names.index(served) + 1 :] if served in names else names
    if not rest:
        raise GenerationMissing(f"There is no generation older than {served}.", "List them: coruja generations list")
    return rest[0]


def _chunk_changes(old: Sequence[Chunk], new: Sequence[Chunk]) -> tuple[list[str], list[str], list[str]]:
    """Return the places added, changed and removed: of what came and went under one heading path, pairs are changes."""
    kept = {chunk.chunk_id for chunk in old} & {chunk.chunk_id for chunk in new}
    went: dict[tuple[str, ...], list[Chunk]] = {}
    for chunk in old:
        if chunk.chunk_id not in kept:
            went.setdefault(chunk.headings, []).append(chunk)
    added: list[str] = []
    changed: list[str] = []
    for chunk in new:
        if chunk.chunk_id not in kept:
            paired = went.get(chunk.headings)
            (changed if paired else added).append(_place(chunk))
            if paired:
                paired.pop(0)
    return added, changed, [_place(chunk) for chunks in went.values() for chunk in chunks]


def _place(chunk: Chunk) -> str:
    return " › ".join((f"{chunk.doc_id}:{chunk.line_start}", *chunk.headings))
