"""A query and its candidates in, scores out.

A change here may touch the order of all hits: learn `fusion.json` again, and measure.
"""
