"""Measuring: an assistant and a data set in, a `Report` out."""

from eval.dataset import Example
from eval.report import Report, Row

__all__ = ["Example", "Report", "Row"]
