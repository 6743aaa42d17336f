"""Converters in a process of their own: what crashes, hangs or swells there is only a bad file."""

import io
import os
import signal
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_files import HTML, docx_bytes, pdf_bytes

from ingest.errors import CorpusError
from ingest.reading.converter_process import ConverterProcess

PAGE = HTML.encode()


@pytest.fixture
def converters() -> Iterator[ConverterProcess]:
    with ConverterProcess() as process:
        yield process


def children() -> set[int]:
    """Return the ids of the processes that this one started and that run still."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return {int(line.split()[0]) for line in listed.stdout.splitlines() if "converter_process" in line}


def swelling_docx() -> bytes:
    """Return a Word document of few bytes whose text is 300 MB of paragraphs."""
    with zipfile.ZipFile(io.BytesIO(docx_bytes())) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    paragraph = b"<w:p><w:r><w:t>palavra</w:t></w:r></w:p>"
    body = parts["word/document.xml"].partition(b"<w:body>")[0] + b"<w:body>" + paragraph * 7_000_000
    parts["word/document.xml"] = body + b"</w:body></w:document>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return buffer.getvalue()


def test_many_files_are_converted_by_one_process(converters: ConverterProcess) -> None:
    assert "# Instalação" in converters.convert(PAGE, "html")
    first = children()
    assert "contrato" in converters.convert(pdf_bytes("O contrato dura doze meses."), "pdf")
    assert "Política de férias" in converters.convert(docx_bytes(), "docx")
    assert children() == first
    assert len(first) == 1


def test_a_damaged_file_is_explained_and_the_process_goes_on(converters: ConverterProcess) -> None:
    with pytest.raises(CorpusError, match="damaged"):
        converters.convert(pdf_bytes("texto")[:300], "pdf")
    first = children()
    assert "Instalação" in converters.convert(PAGE, "html")
    assert children() == first


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    slow = b"<p>" + b"<b>palavra</b> " * 60_000
    with ConverterProcess(seconds=1, seconds_per_mb=0) as process:
        assert "Instalação" in process.convert(PAGE, "html")
        with pytest.raises(CorpusError, match="too long"):
            process.convert(slow, "html")
        assert "Instalação" in process.convert(PAGE, "html")


def test_a_parser_that_crashes_costs_its_file_only(converters: ConverterProcess) -> None:
    stop = threading.Event()

    def kill_each_process() -> None:
        while not stop.wait(0.05):
            for pid in children():
                os.kill(pid, signal.SIGSEGV)

    killer = threading.Thread(target=kill_each_process)
    killer.start()
    try:
        with pytest.raises(CorpusError, match="crashed"):
            converters.convert(b"<p>" + b"<b>palavra</b> " * 100_000, "html")
    finally:
        stop.set()
        killer.join()
    assert "Instalação" in converters.convert(PAGE, "html")


def test_a_process_that_ended_between_two_files_is_replaced(converters: ConverterProcess) -> None:
    converters.convert(PAGE, "html")
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert "Instalação" in converters.convert(PAGE, "html")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited where /proc tells it")
def test_a_file_that_swells_is_given_up_within_the_memory_limit() -> None:
    with ConverterProcess(seconds=120, memory=400_000_000) as process:
        with pytest.raises(CorpusError, match=r"memory|crashed"):
            process.convert(swelling_docx(), "docx")
        assert "Instalação" in process.convert(PAGE, "html")


def test_nothing_is_imported_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "ingest.py", "markitdown.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit(f'imported {__file__}')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with ConverterProcess() as process:
        assert "Instalação" in process.convert(PAGE, "html")


def test_no_process_is_left_behind(converters: ConverterProcess) -> None:
    converters.convert(PAGE, "html")
    assert children()
    converters.close()
    assert not children()
