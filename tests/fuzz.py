"""Fuzzing: every reader, the splitter and the citation parser, on files that nobody foresaw.

    python tests/fuzz.py --minutes 60

A reader gives a document or a `CorpusError`, never anything else, and no file takes over two seconds a megabyte; what
holds for the chunks of every document holds for those of any; and how a stream is cut does not change what it cites.
The suite tries a few examples of each (`tests/ingest/hostile/test_any_file.py`); what a long run finds becomes a test.
"""

import argparse
import io
import sys
import time
import traceback
import zipfile
from base64 import b85encode
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from good_files import documents
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from assistant.writing.markers import MarkerReader, Token
from ingest.errors import CorpusError
from ingest.reading.converter_process import ConverterProcess
from ingest.reading.readers import Convert, read_bytes

sys.path.insert(0, str(Path(__file__).parent / "ingest"))
from chunk_checks import check_invariants

SECONDS, SECONDS_PER_MB = 2.0, 2.0
"""Of this process, that any file may take, and how much longer for every million bytes; converters limit themselves."""

Target = Callable[[Any], None]
outcomes: Counter[str] = Counter()
"""How often each target ended how."""

_TOKENS = st.sampled_from(
    b"< > & ![ ]( [ ] ` ``` | # - > --- { } \" ' , ; = / \\ .. :: PK %PDF- <!-- <![CDATA[ <table> <tr><td> -1".split(
        b" "
    )
    + b"99999999999 &#x0; &lt; \xc3\xa7 \xef\xbb\xbf \xff\xfe \x00 \xff".split(b" ")
    + [b" ", b"\n", b"\n\n", b"\r", b"\t", b"\n```\n", b"\n---\n", b"\n- ", b"\n> ", b"\n# "]
)
_PATCH = st.one_of(
    st.binary(max_size=12),
    _TOKENS,
    st.builds(lambda token, times: token * times, _TOKENS, st.integers(1, 400)),
)
_PLACE = st.floats(0, 1, allow_nan=False)
_EDITS = st.lists(st.tuples(st.sampled_from(["put", "over", "cut", "twice"]), _PLACE, _PLACE, _PATCH), max_size=6)


def edited(data: bytes, edits: Sequence[tuple[str, float, float, bytes]]) -> bytes:
    """Return data after edits: something put in or over it, a stretch cut out or doubled; places are shares of it."""
    for how, first, second, patch in edits:
        start, end = sorted((int(first * len(data)), int(second * len(data))))
        if how == "put":
            data = data[:start] + patch + data[start:]
        elif how == "over":
            data = data[:start] + patch + data[start + len(patch) :]
        elif how == "cut":
            data = data[:start] + data[end:]
        else:
            data = data[:end] + data[start : min(end, start + 20_000)] + data[end:]
    return data


def edited_within(data: bytes, part: float, edits: Sequence[tuple[str, float, float, bytes]]) -> bytes:
    """Return a ZIP package with one of its parts edited."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        names = source.namelist()
        for number, name in enumerate(names):
            chosen = number == min(int(part * len(names)), len(names) - 1)
            package.writestr(name, edited(source.read(name), edits) if chosen else source.read(name))
    return buffer.getvalue()


def files(suffix: str) -> st.SearchStrategy[bytes]:
    """Return files with an extension: real ones, edited; packages from within, too; and any bytes."""
    originals = st.sampled_from(documents()[suffix])
    whole = st.builds(edited, originals, _EDITS)
    if not documents()[suffix][0].startswith(b"PK"):
        return st.one_of(whole, whole, whole, st.lists(st.one_of(_PATCH), max_size=40).map(b"".join))
    return st.one_of(whole, *[st.builds(edited_within, originals, _PLACE, _EDITS)] * 3)


def read_file(suffix: str, convert: Convert, data: bytes) -> None:
    """Read and cut a file, and check what holds for any."""
    started = time.process_time()
    try:
        document = read_bytes(data, f"fuzz{suffix}", convert)
    except CorpusError as error:
        outcomes[f"{suffix}: {error.message}"] += 1
    else:
        outcomes[f"{suffix}: read"] += 1
        check_invariants(document)
    took = time.process_time() - started
    assert took < SECONDS + SECONDS_PER_MB * len(data) / 1e6, f"{took:.1f} s for {len(data)} bytes"


_MARKS = ["[1]", "[", "]", "1", "2", ", ", "-", "–", "【3】", "【", "】", "`", "```", "~~~", "\n", " ", "texto", "ção."]
_CITING = st.lists(st.sampled_from(_MARKS) | st.text(max_size=5), max_size=40)


def citations_do_not_depend_on_the_stream(pieces: Sequence[str]) -> None:
    """Read markers as they stream in, and all at once; both give the same, and no passage that is not there."""
    whole, streamed = MarkerReader(3), MarkerReader(3)
    at_once = _joined([*whole.feed("".join(pieces)), *whole.finish()])
    assert _joined([event for piece in pieces for event in streamed.feed(piece)] + streamed.finish()) == at_once
    assert all(1 <= number <= 3 for event in at_once if not isinstance(event, str) for number in event)
    outcomes["citations: read"] += 1


def _joined(events: Sequence[Token]) -> list[Token]:
    joined: list[Token] = []
    for event in events:
        if isinstance(event, str) and joined and isinstance(joined[-1], str):
            joined[-1] += event
        else:
            joined.append(event)
    return joined


def targets(convert: Convert) -> dict[str, tuple[Target, st.SearchStrategy[Any]]]:
    """Return what is fuzzed, by name, each with what it is given."""
    readers = {suffix: (partial(read_file, suffix, convert), files(suffix)) for suffix in documents()}
    return {**readers, "citations": (citations_do_not_depend_on_the_stream, _CITING)}


def attempt(target: Target, given_to: st.SearchStrategy[Any], examples: int, number: int) -> None:
    """Try a target on so many examples; another number makes others of them.

    Raises:
        Exception: What the smallest example that fails raised.
    """

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(given_to)
    def run(example: Any) -> None:
        failing[:] = [example]
        target(example)

    failing: list[Any] = []
    try:
        run()
    except Exception as error:
        shown = b85encode(failing[0]) if isinstance(failing[0], bytes) else failing[0]
        error.add_note(f"example: {shown!r}")
        raise


def fuzz(minutes: float, only: Sequence[str], start: int) -> int:
    """Try every target in turn until the time is over; print what fails, and how often each ended how."""
    began, number, finds = time.monotonic(), start, 0
    with ConverterProcess() as converters:
        chosen = {name: what for name, what in targets(converters.convert).items() if not only or name in only}
        while time.monotonic() - began < minutes * 60:
            number += 1
            for name, (target, given_to) in chosen.items():
                try:
                    attempt(target, given_to, 60, number)
                except Exception:  # noqa: BLE001 - a find is whatever was raised
                    finds += 1
                    print(f"FIND in {name}, seed {number}:\n{traceback.format_exc()[-4000:]}", flush=True)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:8} {outcome}")
    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.1f} min, {sum(outcomes.values())} examples, {finds} finds, seeds to {number}")
    return min(finds, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fuzz the readers, the splitter and the citation parser.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only", nargs="*", default=[], help="names of targets: .pdf, citations, …")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(fuzz(arguments.minutes, arguments.only, arguments.seed))
