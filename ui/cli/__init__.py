"""Typed words in, lines or JSON out.

A change here may touch other people's scripts: the README says what is promised.
"""
