"""Real files that a corpus may hold: documents of every format, and the ways in which they are bad."""

import io
import os
import zipfile
from pathlib import Path

import docx
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas


def pdf_bytes(*paragraphs: str) -> bytes:
    """Return a PDF with one line of text for each paragraph; without any, a page with only a drawing."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.rect(50, 50, 300, 300, fill=1)
    for index, paragraph in enumerate(paragraphs):
        canvas.drawString(72, 780 - 40 * index, paragraph)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def encrypted_pdf_bytes(paragraph: str) -> bytes:
    """Return a PDF that opens only with a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes(paragraph))))
    writer.encrypt("segredo", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def docx_bytes() -> bytes:
    """Return a Word document with headings, a paragraph, a list and a table."""
    document = docx.Document()
    document.add_heading("Política de férias", level=1)
    document.add_paragraph("Todo empregado tem direito a trinta dias de férias. O pedido é feito ao gestor.")
    document.add_heading("Prazos", level=2)
    document.add_paragraph("Resposta: o gestor responde ao pedido em cinco dias úteis.", style="List Bullet")
    document.add_paragraph("Abono: o empregado pode vender dez dias de férias ao ano.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ("Cargo", "Dias", "Analista", "30"), strict=True
    ):
        cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def broken_docx_bytes() -> bytes:
    """Return a ZIP file that misses the parts of a Word document."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("leia.txt", "não sou um documento")
    return buffer.getvalue()


HTML = """<!doctype html><html><head><title>Guia &amp; ajuda</title><style>.oculto { color: red }</style>
<script>alert("nunca")</script></head><body><h1>Instalação</h1><p>Baixe o pacote e execute o instalador.</p>
<ul><li><b>Porta:</b> o serviço escuta na porta 8080 por padrão.</li></ul>
<p>Use <code>List&lt;String&gt;</code> ou List&lt;Integer&gt; conforme o caso.</p>
<script>document.write("tampouco")</script></body></html>"""


def write_mixed_corpus(root: Path) -> tuple[set[str], dict[str, str]]:
    """Write a corpus of good and bad files.

    Returns:
        The ids of the good files, and for each bad one a word of the reason.
    """
    corpus = root / "corpus"
    good: dict[str, bytes] = {
        "guia.md": "# Guia\n\nO serviço começa às nove.\n".encode(),
        "sub/guia.md": "# Guia\n\nO serviço começa às nove.\n".encode(),
        "notas.txt": "A reunião ficou para amanhã.\n".encode("latin-1"),
        "página.html": HTML.encode(),
        "contrato.pdf": pdf_bytes("O contrato dura doze meses.", "A multa é de dez por cento."),
        "ferias.docx": docx_bytes(),
        "MAIÚSCULO.MD": "Extensão em maiúsculas também vale.\n".encode(),
        "utf16.txt": "Texto gravado pelo Bloco de Notas: ação.\r\n".encode("utf-16"),
    }
    bad: dict[str, tuple[bytes, str]] = {
        "vazio.md": (b"", "empty"),
        "branco.txt": (b" \n\n\t\n", "empty"),
        "so-cabecalho.md": (b"---\ntitle: Nada\n---\n", "no text"),
        "binario.txt": (bytes(range(256)) * 40, "binary"),
        "cortado.txt": (b"\xff\xfea\x00b", "damaged"),
        "senha.pdf": (encrypted_pdf_bytes("segredo"), "password"),
        "imagem.pdf": (pdf_bytes(), "images"),
        "falso.pdf": (b"isto nao e um pdf", "not a PDF"),
        "cortado.pdf": (pdf_bytes("texto")[:300], "damaged"),
        "quebrado.docx": (broken_docx_bytes(), "damaged"),
        "lixo.docx": (b"PK\x03\x04 lixo" * 20, "damaged"),
        "antigo.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        "vazia.html": (b"<html><body><script>x()</script></body></html>", "no text"),
        "grande.md": (("Linha comprida e repetida.\n" * 20_000).encode(), "MB"),
        "slides.pptx": (b"PK", "damaged"),
        "planilha.ods": (b"PK", ".ods"),
    }
    for name, data in [*good.items(), *((name, data) for name, (data, _) in bad.items())]:
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    reasons = {name: word for name, (_, word) in bad.items()}
    return set(good), reasons | _write_special_files(root, corpus)


def _write_special_files(root: Path, corpus: Path) -> dict[str, str]:
    """Write links, a pipe, and the files that are left out without a word; return the bad ones."""
    outside = root / "fora.md"
    outside.write_text("segredo de fora\n", encoding="utf-8")
    (corpus / "foge.md").symlink_to(outside)
    (corpus / "pasta-foge").symlink_to(root)
    (corpus / "quebrado.md").symlink_to(corpus / "nada.md")
    (corpus / "interno.md").symlink_to(corpus / "guia.md")
    (corpus / "sub" / "ciclo").symlink_to(corpus)
    os.mkfifo(corpus / "fila.md")
    for name in (".oculto.md", "~$ferias.docx", "foto.png", "pacote.zip", "LEIAME", "guia.md.bak", "main.py"):
        (corpus / name).write_bytes(b"nada")
    (corpus / ".coruja").mkdir()
    (corpus / ".coruja" / "interno.md").write_text("# Interno\n", encoding="utf-8")
    return {"foge.md": "leaves", "pasta-foge": "leaves", "quebrado.md": "nothing", "fila.md": "regular"}
