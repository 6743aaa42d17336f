"""What a process of its own costs the converters: documents converted here, and there.

    python -m benchmarks.conversion [FILES]

Makes so many files (1,000 unless told: 70 of 100 are HTML pages, 15 PDF, 15 DOCX), reads them each way, in turns, and
prints one JSON object: CPU seconds (user + system, the other process's included) and wall seconds. The converters are
imported before either is timed. It needs the packages of the tests, which make the files.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ingest.document import Format
from ingest.reading.converter_process import ConverterProcess

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
TURNS = 2


def main() -> None:
    """Measure and print."""
    from ingest.reading.converter import convert

    files = made(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
    here: list[tuple[float, float]] = []
    there: list[tuple[float, float]] = []
    for _ in range(TURNS):
        here.append(timed(lambda: convert_all(files, convert)))
        there.append(timed(lambda: convert_beside(files)))
    print(json.dumps({"files": len(files), "in_this_process": here, "in_their_own": there}))


def made(count: int) -> list[tuple[bytes, Format]]:
    """Return files of which no two are alike."""
    from bad_files import docx_bytes, pdf_bytes

    sections = "".join(
        f"<h2>Parte {part}</h2><p>O contrato dura doze meses, e a multa é de dez.</p>" for part in range(8)
    )
    docx = docx_bytes()
    kinds: list[tuple[bytes, Format]] = []
    for number in range(count):
        if number % 20 < 14:
            kinds.append((f"<h1>Guia {number}</h1>{sections}".encode(), "html"))
        elif number % 20 < 17:
            kinds.append((pdf_bytes(f"O contrato {number} dura doze meses.", "A multa é de dez por cento."), "pdf"))
        else:
            kinds.append((docx, "docx"))
    return kinds


def convert_all(files: list[tuple[bytes, Format]], convert: Callable[[bytes, Format], str]) -> None:
    """Convert every file."""
    for data, kind in files:
        convert(data, kind)


def convert_beside(files: list[tuple[bytes, Format]]) -> None:
    """Convert every file in a process of its own, as a build does, which starts and ends with it."""
    with ConverterProcess() as converters:
        convert_all(files, converters.convert)


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return the CPU and the wall seconds that something takes."""
    cpu, wall = spent(), time.perf_counter()
    work()
    return round(spent() - cpu, 1), round(time.perf_counter() - wall, 1)


def spent() -> float:
    """Return the CPU seconds of this process and of those that it started and that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
