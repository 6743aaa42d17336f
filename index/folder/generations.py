"""Generations: immutable folders of a built index, and the one that is served.

Layout of an index folder:

    CURRENT                     the name of the served generation
    generations/<name>/         a finished generation: manifest.json and the files it lists with their checksums
    generations/<name>/<seg>/   one of its segments; a generation made by an edit shares them (hard links)
    vectors.cache               vectors of texts embedded before (see `index.embedding.vector_cache`)
    meaning/                    the encoder's vectors (see `index.folder.meaning`), `meaning.cache` those of texts
    building-*                  what is under way, or what a killed process left; swept by the next writer
    write.lock                  held by the process that writes; a dead process holds nothing
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from time import sleep

from xxhash import xxh3_128

from index.history import KEEP
from index.lock import remove, writing
from index.manifest import Manifest
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing, IndexUnwritable

_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between the attempts at a rename that the system refuses."""

# Of files that this process has read, so that a running server does not read its whole index for every edit.
_checksums: dict[tuple[int, int, int, int], str] = {}


def current(root: Path) -> Path:
    """Return the folder of the served generation.

    Raises:
        IndexMissing: Nothing has been built.
    """
    try:
        name = (root / "CURRENT").read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        raise IndexMissing("Nothing has been indexed here yet.", "Run: coruja index") from None
    return root / "generations" / name


def stored(root: Path) -> list[Path]:
    """Return the folders of all generations, the newest first; those without a usable manifest last."""

    def age(folder: Path) -> str:
        try:
            return Manifest.read(folder).created
        except (IndexDamaged, IndexMismatch):
            return ""

    return sorted((root / "generations").glob("*"), key=lambda folder: (age(folder), folder.name), reverse=True)


def candidates(root: Path) -> list[Path]:
    """Return the generations in the order in which they may answer: the served one, then the others, newest first.

    Raises:
        IndexMissing: Nothing has been built.
    """
    served = current(root)
    return [served, *(folder for folder in stored(root) if folder != served)]


def verify(folder: Path, manifest: Manifest, names: Iterable[str] | None = None, *, anew: bool = False) -> None:
    """Compare files of a generation with the checksums in its manifest.

    Args:
        folder: The generation.
        manifest: What it should hold.
        names: The files to compare; all of them when None.
        anew: Whether to read files again that this process has read since they were last written.

    Raises:
        IndexDamaged: A file is missing or differs; the message names it.
    """
    for name in manifest.files if names is None else names:
        try:
            found = checksum(folder / name, anew=anew)
        except OSError as error:
            message = f"The index file {folder / name} cannot be read ({error.strerror})."
            raise IndexDamaged(message, "Run: coruja index") from error
        if found != manifest.files[name]:
            message = f"The index file {folder / name} is not what was written (checksum differs)."
            raise IndexDamaged(message, "Run: coruja index")


def checksum(path: Path, *, anew: bool = False) -> str:
    """Return the XXH3 checksum of a file (128 bits, hexadecimal), as fast as it can be read.

    A process reads a file once until it is written again, or `anew`. The checksum is against damage, not against a
    forger: who can write the files can write the manifest too.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if anew or key not in _checksums:
            _checksums[key] = file_digest(file, xxh3_128).hexdigest()
    return _checksums[key]


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """Lend an empty folder to build a generation in; it is removed if it was not published.

    Raises:
        IndexBusy: Another process is writing.
    """
    with writing(root):
        folder = Path(tempfile.mkdtemp(prefix="building-", dir=root))
        try:
            yield folder
        finally:
            remove(folder)


def link(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no links, a copy."""
    target.parent.mkdir(exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def publish(root: Path, folder: Path, name: str) -> None:
    """Make a finished folder the served generation: durable files first, then one atomic rename of CURRENT."""
    target = root / "generations" / name
    target.parent.mkdir(exist_ok=True)
    for path in (*folder.rglob("*"), folder):
        _sync(path)
    _move(folder, target)
    _sync(target.parent)
    serve(root, name)


def free_name(root: Path, identity: str) -> str:
    """Return the identity as a generation's name, numbered when another generation bears it."""
    taken = {folder.name for folder in (root / "generations").glob(f"{identity}*")}
    numbered = (f"{identity}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (identity, *numbered) if name not in taken)


def serve(root: Path, name: str) -> None:
    """Point CURRENT at a generation that is already there."""
    pointer = root / "building-CURRENT"
    pointer.write_text(name + "\n", encoding="utf-8")
    _sync(pointer)
    _move(pointer, root / "CURRENT")
    _sync(root)


def tidy(root: Path, keep: int = KEEP, damaged: Iterable[str] = ()) -> list[str]:
    """Remove the oldest generations beyond `keep` and what must not stay; part the others from the served one.

    What must not stay is known to be damaged, or may hold what the served generation masks.

    The served generation always stays. A reader of a removed one keeps its open files until it lets them go.

    Returns:
        The names of the generations removed.
    """
    unmasked = remove_unmasked(root)
    served, bad = current(root), set(damaged)
    others = [folder for folder in stored(root) if folder != served]
    kept = [folder for folder in others if folder.name not in bad][: keep - 1]
    removed: list[Path] = []
    for folder in (folder for folder in others if folder not in kept):
        with suppress(PermissionError):  # on Windows what a reader has open stays, until the next time
            folder.rename(root / f"building-{folder.name}")  # gone at once, whatever happens next
            remove(root / f"building-{folder.name}")
            removed.append(folder)
    for folder in kept:
        with suppress(IndexDamaged, IndexMismatch):
            _part(root, served, folder)
    return [*unmasked, *(folder.name for folder in removed)]


def remove_unmasked(root: Path) -> list[str]:
    """Remove every generation that may hold what the served one masks, and the vectors embedded before.

    Returns:
        The names of the generations removed.

    Raises:
        IndexUnwritable: Something could not be removed. It is tried again whenever this is called.
    """
    served = current(root)
    redaction = Manifest.read(served).redaction
    unmasked = [folder for folder in stored(root) if redaction and folder != served and _redaction(folder) != redaction]
    try:
        if unmasked:
            # Before the generations: as long as one of them is there, the next call knows that there is work to do.
            for cache in (*root.glob("vectors.cache*"), *root.glob("meaning.cache*")):
                cache.unlink()
        for folder in unmasked:
            shutil.rmtree(folder)
    except OSError as error:
        raise IndexUnwritable(
            f"What is to be masked is still stored: {error.filename or root} cannot be removed ({error.strerror}).",
            f"Close what uses it, or delete the folder {root}; then run: coruja index",
        ) from error
    return [folder.name for folder in unmasked]


def _redaction(folder: Path) -> str:
    try:
        return Manifest.read(folder).redaction
    except (IndexDamaged, IndexMismatch):
        return ""


def _part(root: Path, served: Path, folder: Path) -> None:
    """Give a generation files of its own where it shares the served one's, so that no damaged file takes both.

    Generations that are not served share among themselves: of a segment there are two copies, however many hold it.
    """
    shared = {path.stat().st_ino for path in served.rglob("*")}
    for name, expected in Manifest.read(folder).files.items():
        file, spare = folder / name, root / "building-spare"
        if not file.is_file() or file.stat().st_ino not in shared:
            continue
        twins = [twin for other in stored(root) if (twin := other / name).is_file()]
        apart = [twin for twin in twins if twin.stat().st_ino not in shared and checksum(twin) == expected]
        spare.unlink(missing_ok=True)
        if apart:
            link(apart[0], spare)
        else:
            shutil.copyfile(file, spare)
        if checksum(spare) == expected:
            spare.replace(file)


def _move(source: Path, target: Path) -> None:
    """Rename at one stroke. Windows refuses while a reader or a virus scanner has the file open: they soon let go."""
    for pause in _PAUSES:
        try:
            source.replace(target)
        except PermissionError:
            sleep(pause)
        else:
            return
    source.replace(target)


def _sync(path: Path) -> None:
    # Windows opens no folder, and syncs only what is open for writing. What may not be written is an old file.
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
