"""Data sets in other people's formats: CSV, SQuAD's JSON, folders in BEIR layout.

- CSV: the first row names the columns: `question`, `quotes` (one on a line within their cell), and any other field of
  an example; `answer` for `reference`, `doc` for the document of all quotes, `history` as JSON, `tags` parted by
  commas.
- SQuAD JSON (Rajpurkar et al. 2016 and 2018): `data[].paragraphs[].qas[]`. The evidence is the sentence that the answer
  stands in; what is impossible cannot be answered.
- BEIR (Thakur et al. 2021): `queries.jsonl`, `corpus.jsonl` and `qrels/test.tsv`. The evidence is each relevant text.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.datasets.example import Example
from eval.datasets.reading import json_lines, parse_example, text_lines
from ingest.errors import DatasetError
from ingest.splitting.sentences import sentence_spans

_FLAGS = {"true": True, "false": False, "sim": True, "não": False, "1": True, "0": False}


def import_dataset(source: Path) -> list[Example]:
    """Read the questions of a `.csv` file, of SQuAD's `.json`, or of a folder in BEIR layout.

    Raises:
        DatasetError: It is nothing of this, cannot be read, or something in it cannot be used.
    """
    if source.is_dir():
        rows = _beir_rows(source)
    elif source.suffix.lower() == ".csv":
        rows = _csv_rows(source)
    elif source.suffix.lower() == ".json":
        rows = _squad_rows(source)
    else:
        raise DatasetError(
            f"{source} is no CSV, no SQuAD JSON and no BEIR folder.", "Name a .csv, a .json or a folder."
        )
    examples = [parse_example(row, source, line) for line, row in rows]
    if not examples:
        raise DatasetError(f"{source} has no questions.", "Check that it is the right file.")
    ids = {example.id for example in examples}
    if len(ids) < len(examples):
        raise DatasetError(f"{source}: ids stand twice.", "Give each question its own.")
    return examples


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = [line for _, line in text_lines(path)]
    # Spreadsheets set to Portuguese part the cells with semicolons.
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, _from_cells(path, reader.line_num, cells)
    except csv.Error as error:
        message = f"{path}, line {reader.reader.line_num}: not CSV ({error})."
        raise DatasetError(message, "Quote a cell that has quotation marks, and double those.") from error


def _from_cells(path: Path, line: int, cells: dict[str | None, Any]) -> dict[str, Any]:
    if None in cells or None in cells.values():
        raise DatasetError(f"{path}, line {line}: not as many cells as the first row names.", "Check the separators.")
    row: dict[str, Any] = {str(name): cell for name, cell in cells.items() if cell.strip()}
    doc = row.pop("doc", "")
    quotes = [quote.strip() for quote in row.pop("quotes", "").splitlines() if quote.strip()]
    row["evidence"] = [{"doc": doc, "quote": quote} for quote in quotes]
    if "answer" in row:
        row["reference"] = row.pop("answer")
    row["tags"] = [tag.strip() for tag in row.get("tags", "").split(",") if tag.strip()]
    for name in {"answerable", "needs_all"} & set(row):
        row[name] = _FLAGS.get(row[name].strip().lower(), row[name])
    if "history" in row:
        try:
            row["history"] = json.loads(row["history"])
        except ValueError as error:
            message = f"{path}, line {line}: `history` is not JSON."
            raise DatasetError(message, "Leave the cell empty, or fix it.") from error
    return row


def _squad_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        articles = json.loads(path.read_text("utf-8-sig"))["data"]
        pairs = [
            (part["context"], asked) for article in articles for part in article["paragraphs"] for asked in part["qas"]
        ]
        for number, (context, asked) in enumerate(pairs, start=1):
            answers = [] if asked.get("is_impossible") else asked["answers"]
            quotes = dict.fromkeys(_sentence(context, int(answer["answer_start"])) for answer in answers)
            yield (
                number,
                {
                    "id": str(asked["id"]),
                    "question": asked["question"],
                    "reference": answers[0]["text"] if answers else "",
                    "evidence": [{"doc": "", "quote": quote} for quote in quotes],
                },
            )
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).", "Check the path.") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        message = f"{path} is not SQuAD's JSON ({type(error).__name__}: {error})."
        raise DatasetError(message, "It has to have data, paragraphs and qas.") from error


def _sentence(context: str, place: int) -> str:
    """Return the sentence of a paragraph that stands at a place."""
    return next((context[start:end] for start, end in sentence_spans(context) if start <= place < end), context)


def _beir_rows(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    relevant: dict[str, list[str]] = {}
    for _, judgement in text_lines(folder / "qrels" / "test.tsv"):
        if judged := re.fullmatch(r"([^\t]+)\t([^\t]+)\t([1-9]\d*)\s*", judgement):
            relevant.setdefault(judged[1], []).append(judged[2])
    wanted = {passage for passages in relevant.values() for passage in passages}
    texts = {
        str(row.get("_id")): row.get("text")
        for _, row in json_lines(folder / "corpus.jsonl")
        if row.get("_id") in wanted
    }
    for line, row in json_lines(folder / "queries.jsonl"):
        query = row.get("_id")
        if query in relevant:
            quotes = [texts[passage] for passage in relevant[query] if passage in texts]
            evidence = [{"doc": "", "quote": quote} for quote in quotes]
            yield line, {"id": query, "question": row.get("text"), "evidence": evidence}
