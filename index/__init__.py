"""Chunks in, a stored index out; a query in, `Hit`s out.

A change here may touch what is found: measure with `coruja eval beir`.
"""

from index.hit import Hit
from index.manifest import Manifest

__all__ = ["Hit", "Manifest"]
