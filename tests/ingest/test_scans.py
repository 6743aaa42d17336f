"""Scanned pages: told with the command that has them read, and read where it was followed."""

import io
from pathlib import Path

import pytest
from bad_files import pdf_bytes
from commandline import coruja
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.errors import CorpusError
from ingest.formats.extras import OCR_EXTRA, installed
from ingest.reading.readers import read_bytes

SAID = ("Contrato de prestação de serviços", "A multa é de dez por cento do valor.", "Não há renovação automática.")


def scanned_pdf() -> bytes:
    """Return a PDF whose page is a picture of text."""
    import pypdfium2

    picture = pypdfium2.PdfDocument(pdf_bytes(*SAID))[0].render(scale=150 / 72).to_pil()
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawImage(ImageReader(picture), 0, 0, *map(float, canvas._pagesize))
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.skipif(installed(OCR_EXTRA), reason="the extra is installed")
def test_a_scanned_pdf_names_the_extra_that_reads_it() -> None:
    with pytest.raises(CorpusError, match="only images") as told:
        read_bytes(scanned_pdf(), "contrato.pdf")
    assert 'pip install "coruja[ocr]"' in told.value.next_step


@pytest.mark.extras
def test_a_scanned_pdf_is_read_by_the_extra(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "contrato.pdf").write_bytes(scanned_pdf())
    assert read_bytes(scanned_pdf(), "contrato.pdf").text.split("\n") == [*SAID]
    assert coruja(tmp_path, "index").returncode == 0
    assert "dez por cento" in coruja(tmp_path, "ask", "De quanto é a multa?").stdout


@pytest.mark.extras
def test_a_picture_without_words_is_told_as_such() -> None:
    with pytest.raises(CorpusError, match="holds no text"):
        read_bytes(pdf_bytes(), "desenho.pdf")
