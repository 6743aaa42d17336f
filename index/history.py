"""What can be done with generations: list, compare, verify, serve another, remove the old."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from index.chunks import Chunks
from index.contents import Entry, read_contents
from index.generations import current, serve, stored, tidy, verify, writing
from index.manifest import Manifest
from ingest.chunk import Chunk
from ingest.errors import GenerationMissing, IndexDamaged, IndexMismatch


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


def generations(root: Path, *, look_into: bool = False) -> list[Generation]:
    """Return all generations, the newest first.

    Args:
        root: The index folder.
        look_into: Whether to read every file and compare its checksum.

    Raises:
        IndexMissing: Nothing has been built.
    """
    served = current(root)
    folders = stored(root)
    return [_generation(folder, folder == served, look_into) for folder in dict.fromkeys((*folders, served))]


def _generation(folder: Path, served: bool, look_into: bool) -> Generation:
    manifest = None
    try:
        manifest = Manifest.read(folder)
        if look_into:
            verify(folder, manifest, anew=True)
    except (IndexDamaged, IndexMismatch) as error:
        return Generation(folder.name, served, manifest, error.message)
    return Generation(folder.name, served, manifest)


def promote(root: Path, name: str) -> Manifest:
    """Serve a generation that is there, once every file of it is verified.

    Raises:
        GenerationMissing: There is none of that name.
        IndexDamaged: It is not whole; what was served goes on being served.
        IndexMismatch: It is of another layout.
        IndexBusy: Another process is writing.
    """
    with writing(root):
        folder = find(root, name)
        manifest = Manifest.read(folder)
        verify(folder, manifest, anew=True)
        serve(root, folder.name)
        tidy(root, keep=len(stored(root)))
    return manifest


def rollback(root: Path) -> Manifest:
    """Serve the newest generation that is older than the served one.

    Raises:
        GenerationMissing: There is no older one.
        IndexDamaged: It is not whole; what was served goes on being served.
    """
    names = [folder.name for folder in stored(root)]
    served = current(root).name
    older = names[names.index(served) + 1 :] if served in names else names
    if not older:
        raise GenerationMissing(f"There is no generation older than {served}.", "List them: coruja generations list")
    return promote(root, older[0])


def prune(root: Path, keep: int) -> list[str]:
    """Remove the oldest generations until `keep` are left, and return the names of those removed.

    The served one always stays, and those open for reading answer until they are closed.

    Raises:
        IndexMissing: Nothing has been built.
        IndexBusy: Another process is writing.
    """
    with writing(root):
        return tidy(root, keep=keep)


def find(root: Path, name: str) -> Path:
    """Return the folder of the one generation whose name is, or begins with, the given one.

    Raises:
        IndexMissing: Nothing has been built.
        GenerationMissing: There is none, or there are several.
    """
    current(root)
    folders = [folder for folder in stored(root) if folder.name.startswith(name)]
    exact = [folder for folder in folders if folder.name == name]
    if len(exact or folders) != 1:
        found = "no generation" if not folders else f"{len(folders)} generations"
        message = f"There {'are' if folders else 'is'} {found} '{name}'."
        raise GenerationMissing(message, "List them: coruja generations list")
    return (exact or folders)[0]


def diff(root: Path, before: str, after: str) -> Difference:
    """Return what a generation has that another one has not.

    Raises:
        GenerationMissing: There is none of a name.
        IndexDamaged: One of them cannot be read.
    """
    one, other = find(root, before), find(root, after)
    for folder in (one, other):
        verify(folder, Manifest.read(folder))
    old, new = read_contents(one), read_contents(other)
    documents = Changes(
        added=[doc_id for doc_id in new if doc_id not in old],
        changed=[doc_id for doc_id in new if doc_id in old and new[doc_id].content_hash != old[doc_id].content_hash],
        removed=[doc_id for doc_id in old if doc_id not in new],
    )
    parts = [
        _chunk_changes(_chunks(one, old.get(doc_id)), _chunks(other, new.get(doc_id)))
        for doc_id in sorted({*documents.added, *documents.changed, *documents.removed})
    ]
    added, changed, removed = ([place for part in parts for place in part[kind]] for kind in range(3))
    return Difference(documents, Changes(added, changed, removed))


def _chunks(folder: Path, entry: Entry | None) -> list[Chunk]:
    if entry is None or not entry.count:
        return []
    with closing(Chunks.open(folder / entry.segment)) as chunks:
        return chunks.rows(entry.first, entry.count)


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
