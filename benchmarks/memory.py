"""The memory that this process has held at most: its own, where `ru_maxrss` has that of who started it, too."""

from pathlib import Path


def peak_mb() -> int:
    """Return the megabytes that were resident at the peak, since this program began."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
