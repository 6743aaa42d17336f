"""Messages in, a chat model's text out, or one line that says why there is none.

A change here may touch what leaves the machine: `tests/house/test_offline.py`.
"""
