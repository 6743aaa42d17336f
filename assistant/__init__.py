"""A question and hits in, a cited `Answer` out.

A change here may touch every answer: measure with `coruja eval run aws_sagemaker`.
"""

from assistant.answer import Answer, Citation

__all__ = ["Answer", "Citation"]
