"""A good document of every format, by its extension: what people write, with headings, lists and tables."""

import io
import json
import zipfile
from email.message import EmailMessage
from functools import cache

import openpyxl
import pptx
from bad_files import HTML, docx_bytes, pdf_bytes
from odf.opendocument import OpenDocumentText
from odf.table import Table, TableCell, TableRow
from odf.text import H, P

MARKDOWN = """---
title: Guia do cofre
tags: [senha, cofre]
---

# Guia do cofre {#cofre}

O cofre abre às nove, com **duas** chaves. Veja a [ajuda](ajuda.html "Ajuda") e a ![foto](foto.png).

- **Senha:** troca-se em 30 dias.
- **Chave:** fica com o gestor.

| Cargo | Dias |
|---|---|
| Analista | 30 |

```python
abrir("cofre")
```

> Nota: <b>nunca</b> deixe o cofre aberto &amp; sem vigia.
"""

ASCIIDOC = """= Guia do cofre
:produto: Cofre X

// nada disto
== Abertura

O {produto} abre às *nove*. Veja a https://exemplo.com/ajuda[ajuda] e <<senha,a senha>>.

* Duas chaves
** Uma de reserva
. Primeiro passo

Senha:: troca-se em 30 dias.

NOTE: Nunca deixe aberto.

[source,python]
----
abrir("cofre")  # * nada
----

.Prazos
|===
| Cargo | Dias

| Analista | 30
| Gestor
| 45
|===
"""

RST = """Guia do cofre
=============

O cofre abre às **nove**.

Abertura
--------

* Duas chaves
* Um gestor

.. code-block:: python

   abrir("cofre")

.. list-table::
   :header-rows: 1

   * - Cargo
     - Dias
   * - Analista
     - 30
"""

CSV = 'Cargo;Dias;Nota\nAnalista;30;"de férias; com abono"\nGestor;45;a|b\n'

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# Guia do cofre\n", "\n", "O cofre abre às nove."]},
        {"cell_type": "code", "source": 'print("```")\n```\nfim', "outputs": [{"text": "saída que ninguém lê"}]},
        {"cell_type": "markdown", "source": "- **Senha:** troca-se em 30 dias."},
        {"cell_type": "raw", "source": "cru"},
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def xlsx_bytes() -> bytes:
    """Return a workbook of two sheets: a title line, a header, dates, shares and numbers."""
    import datetime

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Férias"
    for row in (
        ["Dias de férias em 2024"],
        [],
        ["Cargo", "Dias", "Desde", "Abono", "Salário"],
        ["Analista", 30, datetime.date(2024, 1, 2), 0.1, 2500.5],
        ["Gestor | chefe", 45, datetime.datetime(2024, 1, 2, 10, 30), 0.25, 3000.0],
    ):
        sheet.append(row)
    for row in sheet["D4:D5"]:
        row[0].number_format = "0%"
    other = book.create_sheet("Cofres")
    other.append(["Cofre", "Senha"])
    other.append(["Norte", "secreta"])
    book.create_sheet("Vazia")
    return _saved(book)


def pptx_bytes() -> bytes:
    """Return a presentation: a slide with points, one with a table and notes, one without a title."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Guia do cofre"
    frame = slide.placeholders[1].text_frame
    frame.text = "Duas chaves"
    point = frame.add_paragraph()
    point.text, point.level = "Uma de reserva", 1
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Prazos"
    table = second.shapes.add_table(2, 2, 0, 2_000_000, 3_000_000, 1_000_000).table
    for place, text in enumerate(("Cargo", "Dias", "Analista", "30")):
        table.cell(place // 2, place % 2).text = text
    second.notes_slide.notes_text_frame.text = "Dizer que o abono é de dez dias."
    third = deck.slides.add_slide(deck.slide_layouts[6])
    box = third.shapes.add_textbox(0, 0, 1_000_000, 1_000_000)
    box.text_frame.text = "Obrigado."
    return _saved(deck)


def epub_bytes() -> bytes:
    """Return a book of two chapters."""
    chapter = "<html><head><title>x</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
    container = '<container><rootfiles><rootfile full-path="OEBPS/livro.opf"/></rootfiles></container>'
    package = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>O cofre</dc:title>'
        '</metadata><manifest><item id="a" href="a.xhtml"/><item id="b" href="b.xhtml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    return _zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/livro.opf": package,
            "OEBPS/a.xhtml": chapter.format("Abertura", "O cofre abre às nove."),
            "OEBPS/b.xhtml": chapter.format("Senha", "A senha troca-se em 30 dias."),
        }
    )


def eml_bytes(html: str = "") -> bytes:
    """Return a message with an attachment; in HTML only where that is given."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Férias de março", "Ana <ana@exemplo.com>", "rh@exemplo.com"
    message["Date"] = "Mon, 04 Mar 2024 10:00:00 -0300"
    if html:
        message.set_content(html, subtype="html")
    else:
        message.set_content("Peço trinta dias de férias.\n\n# não é título\nAna\n----\n")
    message.add_attachment(b"nada", maintype="application", subtype="pdf", filename="pedido.pdf")
    return message.as_bytes()


def odt_bytes() -> bytes:
    """Return a text of OpenOffice with headings and a table."""
    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text="Guia do cofre"))
    document.text.addElement(P(text="O cofre abre às nove."))
    document.text.addElement(H(outlinelevel=2, text="Prazos"))
    table = Table(name="t")
    for cells in (("Cargo", "Dias"), ("Analista", "30")):
        row = TableRow()
        for text in cells:
            cell = TableCell()
            cell.addElement(P(text=text))
            row.addElement(cell)
        table.addElement(row)
    document.text.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


@cache
def documents() -> dict[str, list[bytes]]:
    """Return good documents of every format, by extension."""
    return {
        ".md": [MARKDOWN.encode()],
        ".txt": [("O serviço começa às nove. Ele fecha às seis.\n\n* um\n* dois\n" * 5).encode("latin-1")],
        ".html": [HTML.encode()],
        ".pdf": [pdf_bytes("O contrato dura doze meses.", "A multa é de dez por cento.")],
        ".docx": [docx_bytes()],
        ".xlsx": [xlsx_bytes()],
        ".csv": [CSV.encode(), CSV.replace(";", ",").encode("latin-1")],
        ".pptx": [pptx_bytes()],
        ".epub": [epub_bytes()],
        ".eml": [eml_bytes(), eml_bytes("<p>Peço <b>férias</b>.</p>")],
        ".ipynb": [json.dumps(NOTEBOOK).encode()],
        ".adoc": [ASCIIDOC.encode()],
        ".rst": [RST.encode()],
        ".odt": [odt_bytes()],
    }


def _saved(document: openpyxl.Workbook | pptx.presentation.Presentation) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _zip(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return buffer.getvalue()
