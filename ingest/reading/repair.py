"""Text that was encoded twice: UTF-8 bytes once read in another encoding ("vocÃª", "voc√™" for "você").

A repair must prove itself. The wrong reading is undone by encoding the text as it was misread and decoding the bytes
as UTF-8, strictly; in honest text an accented letter is hardly ever followed by the exact bytes that this needs. What
comes out must be assigned, composed characters, on the same lines, and must replace sequences that no author writes:
one where the misreading explains the whole document; three different ones where it explains single lines, so that a
page that shows an example or two of such text keeps them. Clean lines between broken ones are left alone.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from functools import cache
from pathlib import Path

import ftfy
from ftfy.badness import badness

from ingest.errors import CorpusError
from ingest.reading.encoding import decode

# In order of preference where two explain the text equally well.
_MISREADINGS = {
    "sloppy-windows-1252": "Windows-1252",
    "latin-1": "Latin-1",
    "mac_roman": "Mac Roman",
    "cp850": "CP850",
    "cp437": "CP437",
}
_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_ROUNDS = 3
_PARTIAL_EVIDENCE = 3
# A sequence with any other character than these is one that no author writes,
_ODD = re.compile(r"[^áâãàéêíóôõúüçÁÂÃÀÉÊÍÓÔÕÚÜÇ\u00a0“”‘’«»–—…ªº]")
# and so is one of these characters alone in a place where it cannot stand: "vocÃª", "Ã“culos", "Ã\u00a0 toa". Elsewhere
# they are honest: "IRMÃ\u00a0Maria", "“É”".
_MISPLACED = re.compile(r"(?<=[a-zà-öø-ÿ])[ÂÃ]|(?<![^\s(\[>*_])[ÂÃ][\u00a0ªº]|[ÂÃ][“‘«]|[ÂÃ][”’»…–—](?=[^\W\d_])")


def repair_text(text: str) -> tuple[str, str]:
    """Undo double encoding where that provably improves the text.

    Returns:
        The text, and what was repaired in words; the same text and an empty string when nothing was.
    """
    done = []
    for _ in range(_ROUNDS):
        repaired, description = _repair_once(text)
        if not description:
            break
        text = repaired
        done.append(description)
    return text, "; ".join(dict.fromkeys(done))


def repair_file(path: Path) -> Path | None:
    """Write a text file's repaired text back as UTF-8, keeping the original beside it.

    Returns:
        The backup's path (`name.bak`, or `name.bak1`, ... where that exists); `None` when there is nothing to repair.

    Raises:
        CorpusError: The file cannot be read as text, or not be written.
    """
    try:
        text = decode(path.read_bytes())
        repaired, description = repair_text(text)
        if not description:
            return None
        backup = _back_up(path)
        _write_atomically(path, repaired)
    except OSError as error:
        raise CorpusError(f"{path} cannot be repaired: {error.strerror}.", "Check its permissions.") from error
    return backup


def _repair_once(text: str) -> tuple[str, str]:
    # Every sequence is a run of two or more characters outside ASCII, and honest text has few different ones.
    runs = set(_RUN.findall(text))
    suspects = [codec for codec in _MISREADINGS if any(_sequences(codec).search(run) for run in runs)]
    best, most, description = text, 0, ""
    for codec in suspects:
        evidence = len(_evidence(text, codec))
        if evidence > most:
            reread = "\n".join(_reread_line(line, codec) for line in text.split("\n"))
            if evidence >= _PARTIAL_EVIDENCE or reread == _reread_line(text, codec):
                best, most, description = reread, evidence, f"UTF-8 that had been read as {_MISREADINGS[codec]}"
    if not description and any(len(_unlikely(text, codec)) >= _PARTIAL_EVIDENCE for codec in suspects):
        best = "\n".join(_mend_line(line) for line in text.split("\n"))
        description = "double encoding in the middle of lines" if best != text else ""
    return best, description


@cache
def _sequences(codec: str) -> re.Pattern[str]:
    """Match the characters that UTF-8's multi-byte sequences turn into when they are read in `codec`."""

    def chars(first: int, last: int) -> str:
        return "[" + re.escape(bytes(range(first, last + 1)).decode(codec)) + "]"

    follow = chars(0x80, 0xBF)
    return re.compile(f"{chars(0xC2, 0xDF)}{follow}|{chars(0xE0, 0xEF)}{follow}{{2}}|{chars(0xF0, 0xF4)}{follow}{{3}}")


def _evidence(text: str, codec: str) -> set[str]:
    """Return the sequences that no author writes, from the lines that the misreading explains wholly."""
    broken = [line for line in text.split("\n") if _reread_line(line, codec) != line]
    return {sequence for line in broken for sequence in _unlikely(line, codec)}


def _unlikely(line: str, codec: str) -> set[str]:
    found = _sequences(codec).finditer(line)
    return {match[0] for match in found if _ODD.search(match[0]) or _MISPLACED.match(line, match.start())}


def _reread_line(line: str, codec: str, rounds: int = _ROUNDS) -> str:
    """Undo a misreading once, if that gives what people type, or what a further round turns into that."""
    if line.isascii() or not rounds:
        return line
    try:
        reread = line.encode(codec).decode("utf-8")
    except UnicodeError:
        return line
    proven = _plausible(reread) or _reread_line(reread, codec, rounds - 1) != reread
    return reread if proven else line


def _plausible(text: str) -> bool:
    """Tell whether text holds only what people type: no control, private, unassigned or loose combining characters."""
    return not any(
        unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") or 0x300 <= ord(char) < 0x370
        for char in unicodedata.normalize("NFC", text)
        if char not in "\t\r\f" and not char.isascii()
    )


def _mend_line(line: str) -> str:
    """Repair a line that mixes broken and clean words, as far as `ftfy` recognises the broken ones."""
    if line.isascii() or not any(_unlikely(line, codec) for codec in _MISREADINGS):
        return line
    fixed = ftfy.fix_encoding(line)
    better = badness(fixed) < badness(line)
    return fixed if better and "\n" not in fixed and _plausible(fixed) else line


def _back_up(path: Path) -> Path:
    number = 0
    while True:
        backup = path.with_name(f"{path.name}.bak{number or ''}")
        try:
            with backup.open("xb"):
                pass
        except FileExistsError:
            number += 1
            continue
        shutil.copy2(path, backup)
        return backup


def _write_atomically(path: Path, text: str) -> None:
    # A link stays a link: what it points to is replaced.
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, name)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
