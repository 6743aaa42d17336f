"""A few examples of what `tests/fuzz.py` tries for as long as it is told, and what its long runs found."""

from collections.abc import Iterator

import pytest
from fuzz import attempt, targets
from good_files import documents

from ingest.reading.converter_process import ConverterProcess


@pytest.fixture(scope="module")
def converters() -> Iterator[ConverterProcess]:
    with ConverterProcess() as process:
        yield process


@pytest.mark.parametrize("name", [*documents(), "citations"])
def test_what_holds_for_any_file(converters: ConverterProcess, name: str) -> None:
    target, given_to = targets(converters.convert)[name]
    attempt(target, given_to, 12, 0)
