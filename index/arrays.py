"""The types of the arrays that are handed from file to file."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""Vectors and scores."""

IntArray = npt.NDArray[np.int64]
"""Rows, counts and places."""

BoolArray = npt.NDArray[np.bool_]
"""Which of some rows."""
