"""From chunks to a stored index, and from a query to hits."""

from index.hit import Hit
from index.manifest import Manifest

__all__ = ["Hit", "Manifest"]
