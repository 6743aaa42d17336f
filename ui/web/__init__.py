"""A browser's questions in, a page with the evidence out.

A change here may touch what a document can do to its reader.
"""
