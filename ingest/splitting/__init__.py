"""A `Document` in, its `Chunk`s and sentences out.

A change here asks for a new `SPLITTER_VERSION`: indexes are built anew.
"""
