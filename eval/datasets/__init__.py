"""Files of questions in, `Example`s out. A change here may touch what is asked and what counts as right.

`example` owns the type and the file format, `reading` reads files, `importing` other people's formats; `checking`
compares a data set with its corpus, `drafting` proposes questions from it.
"""

from eval.datasets.example import Evidence, Example

__all__ = ["Evidence", "Example"]
