"""Marked-up text in, trees, plain text and front matter out.

A change here may touch how documents are cut and how answers are shown.
"""
