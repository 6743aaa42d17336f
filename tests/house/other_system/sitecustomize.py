"""A Python that lacks what Windows lacks; read before everything else where this folder is on `PYTHONPATH`.

Gone are the modules and the functions of Unix. A folder cannot be opened, only what is open for writing can be synced,
and nothing can be renamed, replaced or deleted that any process has open or mapped. Terminals and encodings are set by
the tests themselves.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

for _module in ("fcntl", "grp", "pwd", "readline", "resource", "syslog"):
    sys.modules[_module] = None  # type: ignore[assignment]
for _function in ("fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "killpg", "mkfifo", "setsid", "chown"):
    if hasattr(os, _function):
        delattr(os, _function)

_open, _fsync, _read = os.open, os.fsync, open


def _in_use() -> Iterator[str]:
    """Yield the path of every file that a process has open or mapped."""
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):
                    yield os.readlink(f"/proc/{process}/fd/{descriptor}")
            with _read(f"/proc/{process}/maps") as maps:
                yield from (line.split(maxsplit=5)[5].rstrip("\n") for line in maps if line.count("/"))


def _refused(path: Any) -> bool:
    whole = os.path.realpath(os.fspath(path))
    return any(used == whole or used.startswith(f"{whole}/") for used in _in_use())


def _careful(change: Callable[..., Any]) -> Callable[..., Any]:
    def changed(*paths: Any, **options: Any) -> Any:
        for path in paths[:2]:
            if isinstance(path, str | os.PathLike) and _refused(path):
                raise PermissionError(errno.EACCES, "The process cannot access the file: it is in use", str(path))
        return change(*paths, **options)

    return changed


def _open_file(path: Any, flags: int, *rest: Any, **options: Any) -> int:
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)
    return _open(path, flags, *rest, **options)


def _sync_file(file: Any) -> None:
    descriptor = file if isinstance(file, int) else file.fileno()
    with _read(f"/proc/self/fdinfo/{descriptor}") as facts:
        flags = next(int(line.split()[1], 8) for line in facts if line.startswith("flags:"))
    if flags & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    _fsync(descriptor)


os.open, os.fsync = _open_file, _sync_file  # type: ignore[assignment]
for _name in ("rename", "replace", "unlink", "remove", "rmdir"):
    setattr(os, _name, _careful(getattr(os, _name)))
