"""A chat model and questions in, what it brings and costs here out, kept beside what was tried before.

A change here may advise people wrongly: `tests/eval/test_trials.py`.
"""
