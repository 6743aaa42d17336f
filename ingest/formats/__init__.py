"""A file's bytes in, Markdown out: a file a family of formats, called in the converters' own process.

What one of them raises is a damaged file (see `ingest.reading.converter`). A change here changes what documents of its
family say, and so what is indexed of them.
"""
