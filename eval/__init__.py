"""An assistant and a data set in, a `Report` out. A change here touches figures, never answers."""

from eval.datasets.example import Example
from eval.report import Report
from eval.row import Row

__all__ = ["Example", "Report", "Row"]
