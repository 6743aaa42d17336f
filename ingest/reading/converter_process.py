"""The converters in a process of their own: a file that crashes its parser, or never lets it end, is only a bad file.

One process serves many files, since starting it takes a second. It limits its own time, by a watchdog that needs no
cooperation of the parser's, and on Linux its memory; what ends it is told of the file that
it read, and the next file gets a new process.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Self

from ingest.document import Format
from ingest.errors import CorpusError
from ingest.formats.extras import OCR_EXTRA, installed

SECONDS = 15.0
"""How long any file may take to convert,"""
SECONDS_PER_MB = 60.0
"""and how much longer for every million bytes."""
PATIENCE_WITH_SCANS = 8
"""How many times as long a PDF may take where its pages may have to be recognised."""
MEMORY = 800_000_000
"""Bytes that converting one file may take beyond what the converters themselves do."""
MEMORY_WITH_SCANS = 3_000_000_000
"""The same where pages may have to be recognised."""

_DIED = ("Its parser crashed on it.", "Open it in its program and save it again, or convert it to text.")
_STOPPED = ("It takes too long to read.", "Split it, or convert it to text.")


class ConverterProcess:
    """Converts files in another process, which is started with the first of them; used by one thread at a time.

    Args:
        seconds: See `SECONDS`.
        seconds_per_mb: See `SECONDS_PER_MB`.
        memory: See `MEMORY`; when None, that, or `MEMORY_WITH_SCANS` where that may be needed.
    """

    def __init__(
        self, *, seconds: float = SECONDS, seconds_per_mb: float = SECONDS_PER_MB, memory: int | None = None
    ) -> None:
        self._seconds = seconds
        self._seconds_per_mb = seconds_per_mb
        self._memory = memory or (MEMORY_WITH_SCANS if installed(OCR_EXTRA) else MEMORY)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Return this; nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def convert(self, data: bytes, kind: Format) -> str:
        """Return a file's Markdown, as `ingest.reading.converter.convert` does.

        Raises:
            CorpusError: The file is encrypted, damaged or not what its extension says; it crashed its parser, or took
                too long or too much memory.
        """
        # What files before it left behind must not be laid to this one's charge.
        if self._process is not None:
            with suppress(_Ended):
                return self._converted(data, kind)
        try:
            return self._converted(data, kind)
        except _Ended as ended:
            raise CorpusError(*_DIED) from ended

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        process.wait()

    def _converted(self, data: bytes, kind: Format) -> str:
        limit = self._seconds + self._seconds_per_mb * len(data) / 1e6
        if kind == "pdf" and installed(OCR_EXTRA):
            limit *= PATIENCE_WITH_SCANS
        started = monotonic()
        try:
            reply = self._ask(data, kind, limit)
        except (OSError, ValueError) as error:
            self.close()
            if monotonic() - started >= limit:
                raise CorpusError(*_STOPPED) from error
            raise _Ended from error
        except BaseException:
            self.close()  # an answer that nobody waited for would be taken for the next file's
            raise
        if "text" not in reply:
            raise CorpusError(reply["message"], reply["next_step"])
        return reply["text"]

    def _ask(self, data: bytes, kind: Format, limit: float) -> dict[str, str]:
        if self._process is None:
            self._process = self._start()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise OSError("no pipes")
        stdin.write(json.dumps({"kind": kind, "size": len(data), "limit": limit}).encode() + b"\n")
        stdin.write(data)
        stdin.flush()
        reply: dict[str, str] = json.loads(stdout.readline())
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        # -P and our own path: nothing that lies in the current folder is ever imported.
        path = os.pathsep.join(folder for folder in sys.path if folder)
        return subprocess.Popen(  # noqa: S603 - this interpreter, on a module of ours
            [sys.executable, "-P", "-m", "ingest.reading.converter_process", str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )


class _Ended(Exception):
    """The process ended before it answered."""


def serve(requests: IO[bytes], replies: IO[bytes], memory: int) -> None:
    """Convert what is asked for until no more is: the other end of `ConverterProcess`."""
    import faulthandler

    from ingest.reading.converter import convert

    _limit_memory(memory)
    for line in requests:
        request = json.loads(line)
        data = requests.read(request["size"])
        # Its thread takes no lock of the interpreter: it ends the process whatever the parser is doing.
        faulthandler.dump_traceback_later(request["limit"], exit=True)
        try:
            reply = {"text": convert(data, request["kind"])}
        except CorpusError as error:
            reply = {"message": error.message, "next_step": error.next_step}
        faulthandler.cancel_dump_traceback_later()
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def _limit_memory(memory: int) -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    # What a parser prints must not be taken for a reply.
    replies_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies_to, int(sys.argv[1]))
