"""Text in, folded words, their stems and how alike they are out.

A change here asks for a new `ANALYSER_VERSION`, and may touch whatever is judged by words.
"""
