"""From a question and hits to a cited answer."""

from assistant.answer import Answer, Citation

__all__ = ["Answer", "Citation"]
