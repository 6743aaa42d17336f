"""A folder of a hundred hostile files beside twenty good ones: each hostile one costs its line, and nothing else."""

import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from bad_files import broken_docx_bytes, docx_bytes, encrypted_pdf_bytes, pdf_bytes
from commandline import CORUJA, coruja, environment
from good_files import xlsx_bytes

GOOD, HOSTILE = 20, 100
SECONDS = 60.0
MEMORY = 1_000_000_000
"""Bytes that the largest of the processes may hold."""

# In a process of its own: the children of this one are those of all tests, servers and browsers among them.
MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def docx_of(document: bytes) -> bytes:
    """Return a Word document whose main part is what is given."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx_bytes())) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in source.namelist():
            new.writestr(name, document if name == "word/document.xml" else source.read(name))
    return buffer.getvalue()


def zip_of_much(number: int) -> bytes:
    """Return a small file that unpacks to more than 400 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for part in range(9):
            package.writestr(f"word/parte{part}-{number}.xml", bytes(50_000_000))
    return buffer.getvalue()


def xml_bomb(number: int) -> bytes:
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    return docx_of(f'<!DOCTYPE w [<!ENTITY e0 "{number}">{entities}]><w>&e9;</w>'.encode())


HOSTILE_FILES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "cortado.pdf": (8, lambda n: pdf_bytes("texto", "mais texto")[: 200 + 20 * n]),
    "senha.pdf": (5, lambda n: encrypted_pdf_bytes(f"segredo {n}")),
    "imagem.pdf": (5, lambda n: pdf_bytes()),
    "falso.pdf": (5, lambda n: b"nao sou um PDF " * (n + 1)),
    "lixo.pdf": (10, lambda n: b"%PDF-1.7\n" + bytes((n * 37 + at * at) % 256 for at in range(3000))),
    "funda.html": (5, lambda n: b"<div>" * (20_000 + n)),
    "vazia.html": (5, lambda n: b"<html><script>" + b"x();" * n + b"</script></html>"),
    "quebrado.docx": (5, lambda n: broken_docx_bytes() + bytes(n)),
    "bomba.docx": (2, zip_of_much),
    "entidades.docx": (3, xml_bomb),
    "antigo.docx": (5, lambda n: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600 + n)),
    "binario.txt": (10, lambda n: bytes((at * (n + 3)) % 256 for at in range(9000))),
    "branco.md": (5, lambda n: b" \n" * (n + 1)),
    "cabecalho.md": (5, lambda n: b"---\na: " + b"[" * 200_000 + b"\n---\n"),
    "grande.md": (5, lambda n: b"Linha comprida e repetida.\n" * 800_000),
    "slides.pptx": (5, lambda n: b"PK\x03\x04"),
    "bomba.xlsx": (2, zip_of_much),
    "cortada.xlsx": (3, lambda n: xlsx_bytes()[: 900 + 700 * n]),
    "livro.epub": (3, lambda n: broken_docx_bytes() + bytes(n)),
    "carta.eml": (2, lambda n: b"\x00\x01" * (900 + n)),
    "caderno.ipynb": (2, lambda n: b"[" * (100_000 + n)),
}


def test_only_the_hostile_files_of_a_folder_are_lost(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    names = set()
    for name, (count, make) in HOSTILE_FILES.items():
        for number in range(count):
            names.add(f"{number:02}-{name}")
            (corpus / f"{number:02}-{name}").write_bytes(make(number))
    assert len(names) == HOSTILE
    for number in range(GOOD):
        page = f"# Guia {number}\n\nA senha do cofre {number}00 é trocada em {number + 2} dias.\n"
        (corpus / f"bom-{number:02}.md").write_text(page, encoding="utf-8")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(CORUJA), "index"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    took = time.monotonic() - started
    assert done.returncode == 3, done.stderr
    largest = int(done.stderr.splitlines()[-1]) * 1024
    told = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("problem ")]
    assert sorted(told) == sorted(names)
    assert took < SECONDS
    assert largest < MEMORY
    for number in range(0, GOOD, 5):
        answer = coruja(tmp_path, "ask", f"Em quantos dias é trocada a senha do cofre {number}00?")
        assert f"{number + 2} dias" in answer.stdout
