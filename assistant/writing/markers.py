"""Citation markers in a model's text, read while it streams.

Models write `[1]`, `[1, 2]`, `[1][2]`, `[1-3]` or `【1】`, and a stream cuts them anywhere. The reader parts the text
from the markers: each character is looked at once, and only a possible beginning of a marker is held back, so the
time is linear in the text whatever the model writes.

It cannot know that `valores[1]` outside code means an array; models that are told to write code put it in backticks.
"""

import re
from collections.abc import Iterator

Token = str | tuple[int, ...]
"""A stretch of text, or the passages that the text before it cites (1-based, without doubles)."""

_CLOSERS = {"[": "]", "【": "】"}
_INSIDE = frozenset("0123456789,;-–— \t")
_NUMBERS = re.compile(r"[ \t]*([0-9]{1,3})(?:[ \t]*[-–—][ \t]*([0-9]{1,3}))?[ \t]*")
_LONGEST = 48  # characters of the longest marker worth waiting for
_FENCE = 3  # backticks or tildes that open a code block


class MarkerReader:
    """Part a streamed text from its citation markers; code is left as it is.

    Args:
        limit: How many passages there are. Numbers outside 1..limit are invented, and dropped.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._text: list[str] = []  # text of the current call, not yet handed over
        self._gap: list[str] = []  # white space that belongs to the text, or to a marker that follows it
        self._swallowed = False  # a marker took the white space before it, to be put back where words would touch
        self._held = ""  # possible beginning of a marker
        self._code = _Code()

    def feed(self, piece: str) -> list[Token]:
        """Return what is certain after one more piece of the text."""
        events: list[Token] = []
        for char in piece:
            events.extend(self._take(char))
        return [*events, *self._flush()]

    def finish(self) -> list[Token]:
        """Return what was held back; the text has ended."""
        self._release()
        return [*self._flush()]

    def _take(self, char: str) -> Iterator[Token]:
        if self._held:
            if char == _CLOSERS[self._held[0]]:
                yield from self._close(char)
                return
            if char in _INSIDE and len(self._held) < _LONGEST:
                self._held += char
                return
            self._release()
        inside_code = self._code.take(char)
        if inside_code:
            self._emit(char)
        elif char in _CLOSERS:
            self._held = char
        elif char in " \t":
            self._gap.append(char)
        else:
            self._emit(char)

    def _close(self, closer: str) -> Iterator[Token]:
        numbers = self._cited(self._held[1:])
        if numbers is None:
            self._held += closer
            self._release()
            return
        self._swallowed = self._swallowed or bool(self._gap)
        self._held = ""
        self._gap.clear()
        if numbers:
            yield from self._flush()
            yield numbers

    def _cited(self, inside: str) -> tuple[int, ...] | None:
        """Return the passages that a marker names, None when it is no marker."""
        cited: dict[int, None] = {}
        for part in inside.replace(";", ",").split(","):
            match = _NUMBERS.fullmatch(part)
            if match is None:
                return None
            first = int(match[1])
            last = int(match[2]) if match[2] else first
            cited.update(dict.fromkeys(range(max(first, 1), min(last, self._limit) + 1)))
        return tuple(cited)

    def _release(self) -> None:
        held, self._held = self._held, ""
        self._emit(held)

    def _emit(self, text: str) -> None:
        if self._swallowed and not self._gap and text[:1].isalnum():
            self._text.append(" ")
        if text:
            self._swallowed = False
        self._text += (*self._gap, text)
        self._gap.clear()

    def _flush(self) -> Iterator[Token]:
        text = "".join(self._text)
        self._text.clear()
        if text:
            yield text


class _Code:
    """Follow Markdown code: `inline`, which ends with its line at the latest, and fenced blocks."""

    def __init__(self) -> None:
        self._sign = ""  # "`" or "~" of the code that the text is in; empty outside code
        self._length = 0  # signs in a row that opened it
        self._block = False
        self._run = ""  # sign seen last, and how often in a row
        self._run_length = 0
        self._run_opens_line = False
        self._line_is_blank = True

    def take(self, char: str) -> bool:
        """Tell whether a character is code, or may open or close it."""
        if self._run and char != self._run:
            self._end_run()
        if char in "`~":
            if not self._run:
                self._run, self._run_length, self._run_opens_line = char, 0, self._line_is_blank
            self._run_length += 1
        elif char == "\n" and not self._block:
            self._sign = ""
        self._line_is_blank = char == "\n" or (self._line_is_blank and char in " \t")
        return bool(self._sign or self._run)

    def _end_run(self) -> None:
        sign, length, self._run = self._run, self._run_length, ""
        fence = self._run_opens_line and length >= _FENCE
        if self._block:
            if fence and sign == self._sign and length >= self._length:
                self._sign, self._block = "", False
        elif self._sign:
            if (sign, length) == (self._sign, self._length):
                self._sign = ""
        elif fence or sign == "`":
            self._sign, self._length, self._block = sign, length, fence
