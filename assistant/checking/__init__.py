"""A model's sentence and hits in, a `Verdict` with its quotes out.

A change here may let a lie through: `tests/assistant/checking/test_trust.py`.
"""
