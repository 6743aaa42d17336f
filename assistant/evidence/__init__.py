"""A `Question` and an index in, the hits that answer out.

A change here may touch what is answered and when it is abstained.
"""
