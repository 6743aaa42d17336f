"""How much memory is free on this machine, as the operating system tells it."""

import os
from pathlib import Path


def free_memory(meminfo: Path = Path("/proc/meminfo")) -> float:
    """Return the GB that a program could still take without others being moved out; 0 where the system does not say.

    Args:
        meminfo: Linux' table of it. Other systems are asked for the pages that are free, where they tell.
    """
    try:
        table = dict(line.split(":", 1) for line in meminfo.read_text("utf-8").splitlines() if ":" in line)
        return int(table["MemAvailable"].split()[0]) * 1024 / 1e9
    except (OSError, ValueError, KeyError, IndexError):
        return _free_pages()


def _free_pages() -> float:
    try:
        return max(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 0.0)
    except (AttributeError, OSError, ValueError):
        return 0.0
