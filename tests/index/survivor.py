"""Runs one build over and over, each time with another accident, and looks at what is left. A program of its own.

    python survivor.py kill|full FOLDER

FOLDER/before is an index; the build that meets the accident brings in an edit. Prints one JSON object a line: the
number of the accident, what the build came to, and what was found afterwards.

There is an accident for every step that touches the disk: a file opened to be written or synced, a folder made, a link,
a rename, a removal.
"""

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from index.embedding.load import load_embedder
from index.folder.store import FaissStore
from index.store import build_index
from ingest.document import Document
from ingest.errors import IndexUnwritable
from ingest.splitting.splitter import split

# Imported now, so that what a build opens for importing is not taken for what it writes.
import faiss  # noqa: F401  isort: skip
import index.folder.segment

import index.embedding.vector_cache  # noqa: F401  isort: skip
import filelock  # noqa: F401  isort: skip

EMBEDDER = load_embedder("coruja")
OLD, NEW = "O estoque fecha na sexta-feira.", "O estoque fecha no sábado."
REMOVALS = {"os.remove", "os.rmdir", "shutil.rmtree"}
WRITES = {"os.mkdir", "os.link", "os.rename", "shutil.copyfile", "sqlite3.connect", "tempfile.mkdtemp"}


def build(root: Path, sentence: str) -> str:
    texts = {"a.md": f"# Loja\n\n{sentence}\n", "b.md": "# Rede\n\nA rede cai às segundas.\n" * 8}
    documents = [Document(name, text, "markdown", name, str(len(text)) + text[:40]) for name, text in texts.items()]
    return build_index(FaissStore(root), ((document, split(document)) for document in documents), EMBEDDER).generation


def accident_at(number: int, root: Path, accident: Callable[[str], None]) -> None:
    """Have the accident at one event under a folder, and at those after it if it lets the process live."""
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        writes = event in WRITES or (event == "open" and is_step(*arguments[1:3]))
        if (writes or event in REMOVALS) and any(str(argument).startswith(str(root)) for argument in arguments):
            seen += 1
            if seen >= number:
                accident(event)

    sys.addaudithook(hook)


def is_step(mode: object, flags: object) -> bool:
    """Tell whether a file is opened to be written; or to be synced, which asks for no file object and has no mode."""
    return mode is None or (isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))


def kill(event: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full(event: str) -> None:
    if event not in REMOVALS:
        raise OSError(errno.ENOSPC, "No space left on device")


def in_child(work: Callable[[], str]) -> str:
    """Do something in a process of its own; return what it returns, or how the process ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, work().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said or f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else said or f"exit {status}"


def suffer(number: int, root: Path, accident: Callable[[str], None]) -> str:
    accident_at(number, root, accident)
    try:
        build(root, NEW)
    except IndexUnwritable:
        return "told"
    return "built"


def answer(root: Path) -> str:
    index = FaissStore(root).open(EMBEDDER)
    found = index.search("Quando fecha o estoque?")[0].chunk.text
    damage = index.damage
    index.close()
    return damage or found


def repaired(root: Path) -> str:
    build(root, NEW)
    left = [path.name for path in root.iterdir() if path.name.startswith("building-")]
    return str(left) if left else answer(root)


def main() -> None:
    accident, folder = {"kill": kill, "full": disk_full}[sys.argv[1]], Path(sys.argv[2])
    before, root = folder / "before", folder / "index"
    in_child(lambda: build(before, OLD))
    shutil.copytree(before, root)
    for number in range(1, int(in_child(lambda: count(root))) + 1):
        shutil.rmtree(root)
        shutil.copytree(before, root)
        came_to = in_child(lambda number=number: suffer(number, root, accident))  # type: ignore[misc]
        found = {"answers": in_child(lambda: answer(root)), "after": in_child(lambda: repaired(root))}
        print(json.dumps({"accident": number, "came_to": came_to, **found}), flush=True)


def count(root: Path) -> str:
    """Build without an accident, and return at how many events there could have been one."""
    events: list[str] = []
    accident_at(1, root, events.append)
    build(root, NEW)
    return str(len(events))


if __name__ == "__main__":
    main()
