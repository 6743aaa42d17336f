"""Documents and chunks in, generations in a folder of this machine out.

A change here may touch what survives a crash: `tests/index/test_generations.py`.
"""
