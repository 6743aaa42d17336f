"""What people keep: sheets, slides, books, mail, notebooks. Each is read with its structure, by its real converter."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from bad_files import HTML
from good_files import documents, eml_bytes, xlsx_bytes

from ingest.chunk import Chunk
from ingest.document import Document
from ingest.errors import CorpusError
from ingest.formats import extras
from ingest.reading.converter_process import ConverterProcess
from ingest.reading.corpus import Problem, read_documents
from ingest.reading.readers import FORMATS, read_bytes
from ingest.splitting.splitter import split


@pytest.fixture(scope="module")
def converters() -> Iterator[ConverterProcess]:
    with ConverterProcess() as process:
        yield process


def read(converters: ConverterProcess, suffix: str, data: bytes | None = None) -> Document:
    return read_bytes(documents()[suffix][0] if data is None else data, f"a{suffix}", converters.convert)


def said(chunks: Sequence[Chunk]) -> list[tuple[tuple[str, ...], str, str]]:
    return [(chunk.headings, chunk.kind, chunk.plain) for chunk in chunks]


EXPECTED: dict[str, tuple[str, list[tuple[tuple[str, ...], str, str]]]] = {
    ".xlsx": (
        "Férias",
        [
            (("Férias",), "prose", "Dias de férias em 2024"),
            (("Férias",), "row", "Cargo: Analista; Dias: 30; Desde: 2024-01-02; Abono: 10%; Salário: 2500.5"),
            (
                ("Férias",),
                "row",
                "Cargo: Gestor | chefe; Dias: 45; Desde: 2024-01-02 10:30:00; Abono: 25%; Salário: 3000",
            ),
            (("Cofres",), "row", "Cofre: Norte; Senha: secreta"),
        ],
    ),
    ".csv": (
        "a",
        [
            ((), "row", "Cargo: Analista; Dias: 30; Nota: de férias; com abono"),
            ((), "row", "Cargo: Gestor; Dias: 45; Nota: a|b"),
        ],
    ),
    ".pptx": (
        "Guia do cofre",
        [
            (("Guia do cofre",), "item", "Duas chaves\nUma de reserva"),
            (("Prazos",), "row", "Cargo: Analista; Dias: 30"),
            (("Prazos",), "prose", "Dizer que o abono é de dez dias."),
            (("Slide 3",), "prose", "Obrigado."),
        ],
    ),
    ".epub": (
        "Abertura",
        [
            ((), "prose", "Title: O cofre"),
            (("Abertura",), "prose", "O cofre abre às nove."),
            (("Senha",), "prose", "A senha troca-se em 30 dias."),
        ],
    ),
    ".eml": (
        "Férias de março",
        [
            (
                ("Férias de março",),
                "prose",
                "\n".join(
                    (
                        "De: Ana ana@exemplo.com",
                        "Para: rh@exemplo.com",
                        "Data: Mon, 04 Mar 2024 10:00:00 -0300",
                        "Anexos: pedido.pdf",
                        "Peço trinta dias de férias.",
                        "# não é título Ana ----",
                    )
                ),
            )
        ],
    ),
    ".ipynb": (
        "Guia do cofre",
        [
            (("Guia do cofre",), "prose", 'O cofre abre às nove.\nprint("```")\n```\nfim'),
            (("Guia do cofre",), "item", "Senha: troca-se em 30 dias."),
            (("Guia do cofre",), "code", "cru"),
        ],
    ),
    ".adoc": (
        "Guia do cofre",
        [
            (
                ("Guia do cofre", "Abertura"),
                "prose",
                "O Cofre X abre às nove. Veja a ajuda e a senha.\nDuas chaves\nUma de reserva\nPrimeiro passo",
            ),
            (("Guia do cofre", "Abertura"), "item", "Senha: troca-se em 30 dias."),
            (
                ("Guia do cofre", "Abertura"),
                "prose",
                'Note: Nunca deixe aberto.\nabrir("cofre")  # * nada\nPrazos',
            ),
            (("Guia do cofre", "Abertura"), "row", "Cargo: Analista; Dias: 30"),
            (("Guia do cofre", "Abertura"), "row", "Cargo: Gestor; Dias: 45"),
        ],
    ),
    ".rst": (
        "Guia do cofre",
        [
            (("Guia do cofre",), "prose", "O cofre abre às nove."),
            (("Guia do cofre", "Abertura"), "prose", 'Duas chaves\nUm gestor\nabrir("cofre")'),
            (("Guia do cofre", "Abertura"), "row", "Cargo: Analista; Dias: 30"),
        ],
    ),
    ".odt": (
        "Guia do cofre",
        [
            (("Guia do cofre",), "prose", "O cofre abre às nove."),
            (("Guia do cofre", "Prazos"), "row", "Cargo: Analista; Dias: 30"),
        ],
    ),
}


@pytest.mark.parametrize("suffix", EXPECTED)
def test_structure_survives(converters: ConverterProcess, suffix: str) -> None:
    document = read(converters, suffix)
    title, chunks = EXPECTED[suffix]
    assert said(split(document)) == chunks
    assert document.title == title


def test_every_format_has_a_good_document() -> None:
    assert {FORMATS[suffix] for suffix in documents()} == {*FORMATS.values()}


@pytest.mark.parametrize("suffix", documents())
def test_a_file_cut_anywhere_is_read_or_told(converters: ConverterProcess, suffix: str) -> None:
    for data in documents()[suffix]:
        for share in (0.02, 0.3, 0.6, 0.97):
            try:
                split(read(converters, suffix, data[: int(share * len(data))]))
            except CorpusError as error:
                assert error.message.endswith(".") and error.next_step


def test_a_message_in_html_is_read_as_its_page(converters: ConverterProcess) -> None:
    assert "**Porta:** o serviço escuta na porta 8080" in read(converters, ".eml", eml_bytes(HTML)).text


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a,b\n1,2\n", "a: 1; b: 2"),
        ("a\tb\n1,5\t2\n", "a: 1,5; b: 2"),
        ("a;b\n1,5;2,5\n3,5;4\n", "a: 1,5; b: 2,5"),
        ('nome,"fala, dita"\nAna,"disse ""oi"", e\nsaiu"\n', 'nome: Ana; fala, dita: disse "oi", e saiu'),
        ("\ufeffa;b\n1;2", "a: 1; b: 2"),
    ],
)
def test_tables_of_text_are_parted_as_they_were_written(converters: ConverterProcess, text: str, row: str) -> None:
    assert split(read(converters, ".csv", text.encode()))[0].plain == row


@pytest.mark.parametrize("suffix", [".xlsx", ".pptx", ".epub", ".odt"])
def test_a_package_that_is_none_or_locked_is_told(converters: ConverterProcess, suffix: str) -> None:
    with pytest.raises(CorpusError, match="damaged"):
        read(converters, suffix, b"PK\x03\x04 lixo" * 20)
    with pytest.raises(CorpusError, match="password"):
        read(converters, suffix, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_restructured_text_reads_no_other_file(converters: ConverterProcess, tmp_path: Path) -> None:
    (tmp_path / "segredo.txt").write_text("troca-tudo", encoding="utf-8")
    other = tmp_path / "segredo.txt"
    text = f"Guia\n====\n\n.. include:: {other}\n\n.. raw:: html\n   :file: {other}\n\nFim.\n"
    document = read(converters, ".rst", text.encode())
    assert "troca-tudo" not in document.text
    assert "Fim." in document.text


@pytest.mark.parametrize("suffix", [".rst", ".odt"])
def test_without_the_extra_its_formats_name_it(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras._PACKAGES, extras.FORMATS_EXTRA, ("nao_instalado",))
    (tmp_path / f"a{suffix}").write_bytes(documents()[suffix][0])
    (problem,) = read_documents(tmp_path)
    assert isinstance(problem, Problem)
    assert 'pip install "coruja[formats]"' in problem.fix


def test_a_workbook_by_its_bytes_is_the_same_document_each_time(converters: ConverterProcess) -> None:
    data = xlsx_bytes()
    assert read(converters, ".xlsx", data) == read(converters, ".xlsx", data)
