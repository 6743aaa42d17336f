"""The engines behind Coruja, and the exceptions that each defines."""

import contextlib
import importlib
import re
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

_ARGUMENTS = (("dito", 1), ("dito", 1, 1, 1), (1, "dito", "dito", None), ("dito", [ValueError("dito")]))
_OF_ERRORS = re.compile(r"exception|error", re.IGNORECASE)


def exceptions_of(package: str) -> list[type[Exception]]:
    """Return the exception classes of a package, without warnings, which none of ours turns on.

    Looked through are the modules that are loaded where Coruja's own are, and those that are named after errors: what a
    module defines that nothing imports cannot be raised.
    """
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        importlib.import_module(package)
        for module in _modules_of_errors(package):
            with contextlib.suppress(Exception):  # of another system, or of an extra that is not installed
                importlib.import_module(module)
    found = {each for each in _below(Exception) if each.__module__.partition(".")[0] == package}
    return sorted((each for each in found if not issubclass(each, Warning)), key=lambda each: each.__qualname__)


def raised(kind: type[Exception]) -> Exception:
    """Return an exception of a class as it may be raised, whatever its constructor wants."""
    for arguments in (*(("dito",) * count for count in range(6)), *_ARGUMENTS):
        with contextlib.suppress(Exception):
            if hasattr(kind, "__del__"):
                break  # made of anything, it would fail on its end
            made = kind(*arguments)
            str(made)
            return made
    made = type(kind.__name__, (kind,), {"__init__": _nothing, "__del__": _nothing, "__str__": lambda self: "dito"})()
    assert isinstance(made, kind)
    return made


def _nothing(self: object) -> None:
    """Stand in for a constructor that wants what only the engine has."""


def _modules_of_errors(package: str) -> Iterator[str]:
    spec = find_spec(package)
    for root in (Path(place) for place in (spec and spec.submodule_search_locations) or ()):
        for path in sorted(root.rglob("*.py")):
            if _OF_ERRORS.search(path.stem):
                yield ".".join((package, *path.relative_to(root).with_suffix("").parts))


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
