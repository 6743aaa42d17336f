"""Code as a fence of Markdown."""

import re


def fenced(code: str, language: str) -> str:
    """Return code in a fence that nothing in it closes."""
    marks = "`" * max((len(run) + 1 for run in re.findall("`{3,}", code)), default=3)
    return f"{marks}{language}\n{code}\n{marks}"
