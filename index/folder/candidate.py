"""A candidate: a generation that is built beside the served ones, looked at, and then served or thrown away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from index.embedding.vector_cache import CACHE_NAME
from index.folder import meaning
from index.folder.generations import current, link, publish, serve, tidy
from index.lock import writing
from ingest.errors import IndexMissing


@contextmanager
def beside(root: Path) -> Iterator[Path]:
    """Lend an index folder that begins where this one stands; what is built there is not served here, unless adopted.

    It shares the served generation's files (hard links), so that only what changed since costs anything. Nobody else
    builds here meanwhile.

    Raises:
        IndexBusy: Another process is building here.
    """
    with writing(root), TemporaryDirectory(prefix="building-", dir=root) as folder:
        scratch = Path(folder)
        with suppress(IndexMissing):
            served = current(root)
            for file in (path for path in served.rglob("*") if path.is_file()):
                target = scratch / "generations" / served.name / file.relative_to(served)
                target.parent.mkdir(parents=True, exist_ok=True)
                link(file, target)
            for cache in (each for each in (CACHE_NAME, meaning.CACHE) if (root / each).is_file()):
                shutil.copyfile(root / cache, scratch / cache)
            meaning.share(root, scratch)
            serve(scratch, served.name)
        yield scratch


def adopt(root: Path, scratch: Path) -> None:
    """Serve in an index folder what the one lent beside it serves; only while that is lent."""
    folder = current(scratch)
    meaning.share(scratch, root)
    if (root / "generations" / folder.name).exists():
        serve(root, folder.name)
    else:
        publish(root, folder, folder.name)
    with suppress(OSError):  # it is served already
        tidy(root)
