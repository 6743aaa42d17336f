"""What a person typed in, `Question`s that stand alone out.

A change here may touch what is searched, and what counts as answered.
"""
