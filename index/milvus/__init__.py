"""Documents and chunks in, generations in a Milvus server out.

A change here touches that store alone: `tests/index/test_stores.py`.
"""
