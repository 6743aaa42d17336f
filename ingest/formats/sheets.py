"""Spreadsheets: a table with its header; in a workbook a section a sheet. The one file that knows openpyxl."""

import csv
import io
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

from ingest.formats.tables import markdown_table

_DELIMITERS = ",;\t|"
_SAMPLE = 20_000
_LONGEST_CELL = 20_000_000


def csv_markdown(data: bytes) -> str:
    """Return a CSV file (UTF-8) as a table; commas, semicolons, tabs or bars part its cells."""
    text = data.decode("utf-8").lstrip("\ufeff")
    csv.field_size_limit(_LONGEST_CELL)
    return markdown_table(csv.reader(io.StringIO(text, newline=""), _dialect(text[:_SAMPLE])))


def xlsx_markdown(data: bytes) -> str:
    """Return a workbook: of each sheet its name as a heading, and its rows, with formulas as what they last gave."""
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets = (
        (sheet.title, markdown_table([_shown(cell) for cell in row] for row in sheet.rows)) for sheet in book.worksheets
    )
    return "\n\n".join(f"# {title}\n\n{table}" for title, table in sheets if table)


def _dialect(sample: str) -> type[csv.Dialect]:
    """Return how cells are parted: by the mark that stands equally often on most of the first lines."""
    lines = [line for line in sample.splitlines()[:-1] or [sample] if line.strip()][:50]

    def steady(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    class Parted(csv.excel):
        delimiter = max(_DELIMITERS, key=steady)

    return Parted


def _shown(cell: Any) -> str:  # noqa: ANN401 - openpyxl's cells have no common class
    """Return a cell's value as a person sees it, without the fractions and times of day that only numbers have."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat().replace("T", " ")
    if isinstance(value, int | float):
        percent = str(cell.number_format).rstrip().endswith("%")
        return f"{value * 100:.12g}%" if percent else f"{value:.12g}" if isinstance(value, float) else str(value)
    return str(value)
