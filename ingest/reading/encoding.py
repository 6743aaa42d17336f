"""From bytes to text: which encoding a file is in."""

import codecs
import re
import unicodedata

from ingest.errors import CorpusError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Of one-byte encodings, every one decodes every file: these are tried in the order in which Portuguese files use them.
_WESTERN = ("cp1252", "mac_roman", "cp850")
_PORTUGUESE = re.compile(r"[ªº«»“”‘’–—…áâãàéêíóôõúüçÁÂÃÀÉÊÍÓÔÕÚÜÇ]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNUSUAL = re.compile(
    # Not a letter of a Western European language, nor a sign that such text is typeset with,
    r"[^\x00-\x7fÀ-ÖØ-öø-ÿŒœŠšŽžŸ\u00a0¡§©ª«®°±²³´·¹º»¼½¾¿×÷€–—‘’“”„†•…™]"
    # a capital inside a word of small letters ("cafŽ"), a sign inside a word.
    r"|(?<=[a-zà-öø-ÿ])[À-ÖØ-ÞŒŠŽŸ]|(?<=[^\W\d_])[ª°²³¡¿§©®±´«„†•™](?=[^\W\d_])"
)


def decode(data: bytes) -> str:
    """Decode a text file: by its byte order mark, as UTF-8, or by what it most plausibly is.

    Raises:
        CorpusError: The bytes are not text, or in no encoding that can be told.
    """
    text = _decode(data)
    if "\0" in text or len(_CONTROL.findall(text)) > len(text) // 200:
        raise _binary()
    return text


def normalise(text: str) -> str:
    r"""Return text in NFC with `\n` line ends; the lines stay the lines."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _binary() -> CorpusError:
    return CorpusError("It is a binary file, not text.", "Convert it to text, Markdown, PDF or DOCX.")


def _decode(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _decode_marked(data, name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if b"\0" in data:
        raise _binary()
    return _western(data) or _detected(data)


def _decode_marked(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"It begins as {name.removesuffix('-sig').upper()} but is damaged at byte {error.start}.",
            "Save it again as UTF-8.",
        ) from error


def _western(data: bytes) -> str:
    """Return the text when it reads well in a Western encoding; empty when it does not.

    Lines that are valid UTF-8 stay so: files are appended to by programs that disagree.
    """
    lines = data.split(b"\n")
    odd = b"\n".join(line for line in lines if not _is_utf8(line))
    texts = [odd.decode(name, "replace") for name in _WESTERN]
    counts = [len(_UNUSUAL.findall(text)) for text in texts]
    best = min(range(len(texts)), key=counts.__getitem__)
    foreign = sum(byte > 0x7F for byte in odd)
    usual = len(_PORTUGUESE.findall(texts[best]))
    letters = sum(map(str.isalpha, odd.decode("ascii", "ignore")))
    # Cyrillic and Greek bytes are letters in cp1252 too: there are just too many of them.
    if counts[best] * 10 > foreign or (foreign > max(letters, 20) and usual * 4 < foreign * 3):
        return ""
    decoded = iter(texts[best].split("\n"))
    return "\n".join(line.decode("utf-8") if _is_utf8(line) else next(decoded) for line in lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(data).best()
    if found is None:
        raise CorpusError("Its text encoding cannot be told.", "Save it again as UTF-8.")
    return str(found)
