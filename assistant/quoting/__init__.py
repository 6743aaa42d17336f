"""A question and hits in, quotes with their citations out.

A change here may touch every answer that no model writes, and what the checker compares with.
"""
