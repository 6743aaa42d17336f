"""An assistant and a data set in, a `Report` out. A change here touches figures, never answers."""

from eval.dataset import Example
from eval.report import Report, Row

__all__ = ["Example", "Report", "Row"]
