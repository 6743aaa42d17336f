"""Texts in, unit vectors out. A change of vectors here asks for another fingerprint: indexes are built anew."""
