"""Presentations: a section a slide, with lists, tables and the speaker's notes. The one file that knows python-pptx."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation

from ingest.formats.tables import markdown_table

_DEEPEST = 20


def pptx_markdown(data: bytes) -> str:
    """Return a presentation: of each slide its title as a heading (else its number), then what stands on it."""
    slides = Presentation(io.BytesIO(data)).slides
    return "\n\n".join("\n\n".join(_slide(slide, number)) for number, slide in enumerate(slides, start=1))


def _slide(slide: Any, number: int) -> Iterator[str]:  # noqa: ANN401 - python-pptx is untyped
    title = slide.shapes.title
    name = " ".join(title.text_frame.text.split()) if title is not None else ""
    parts = [part for part in _shapes(slide.shapes, title) if part.strip()]
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        parts.append("\n\n".join(line for line in notes.text.splitlines() if line.strip()))
    if name or parts:
        yield f"# {name or f'Slide {number}'}"
        yield from parts


def _shapes(shapes: Iterable[Any], title: object, depth: int = 0) -> Iterator[str]:
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if title is not None and shape.shape_id == getattr(title, "shape_id", None):
            continue
        if hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from _shapes(shape.shapes, title, depth + 1)
        elif getattr(shape, "has_table", False):
            yield markdown_table([cell.text for cell in row.cells] for row in shape.table.rows)
        elif getattr(shape, "has_chart", False):
            yield from _chart(shape.chart)
        elif shape.has_text_frame:
            yield _text(shape)


def _text(shape: Any) -> str:  # noqa: ANN401
    """Return a shape's paragraphs; several of a placeholder are its points, indented by their level."""
    lines = [(paragraph.level, " ".join(paragraph.text.split())) for paragraph in shape.text_frame.paragraphs]
    lines = [(level, line) for level, line in lines if line]
    if shape.is_placeholder and len(lines) > 1:
        return "\n".join(f"{'  ' * level}- {line}" for level, line in lines)
    return "\n\n".join(line for _, line in lines)


def _chart(chart: Any) -> Iterator[str]:  # noqa: ANN401
    if chart.has_title:
        yield " ".join(chart.chart_title.text_frame.text.split())
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(str(each.name) for each in series)]]
        for place, category in enumerate(plot.categories):
            rows.append([str(category), *(str(each.values[place]) for each in series)])
        yield markdown_table(rows)
