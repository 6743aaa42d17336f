"""An answer while it is written: what a model wrote, the documents' words, or that they do not say."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answer import Citation, Segment
from assistant.asking.question import Question
from assistant.evidence.gather import Evidence
from assistant.evidence.passage import Passage, passage_source
from assistant.notice import Notice
from assistant.phrases import phrase
from assistant.quoting.extractive import ExtractiveWriter
from assistant.settings import EVIDENCE, EvidenceSettings
from index.index import Index
from ingest.markup.site_markup import as_shown

NEAREST = 3  # sections named when abstaining


class Draft:
    """An answer while it is written: markers are numbered in order of first appearance.

    Args:
        before: What a person has seen already, whose numbers stay.

    Attributes:
        text: The answer.
        written: What of it a model wrote.
    """

    def __init__(self, before: "Draft | None" = None) -> None:
        self.text = self.written = ""
        self.citations: dict[tuple[str, int, int], Citation] = dict(before.citations) if before else {}
        self.notices: list[Notice] = []

    def write(self, segments: Iterator[Segment]) -> Iterator[str]:
        """Yield the text of segments with their markers."""
        for segment in segments:
            if segment.notice:
                self.notices.append(segment.notice)
            if segment.text:
                yield self.say(self._marked(segment))

    def close(self) -> None:
        """Take what was said so far as what a model wrote; what follows stands below it."""
        self.written = self.text.strip()
        self.text = f"{self.written}\n\n" if self.written else ""

    def add(self, segments: Sequence[Segment]) -> None:
        """Let segments follow."""
        for _ in self.write(iter(segments)):
            pass

    def say(self, text: str) -> str:
        """Let a text follow."""
        self.text += text
        return text

    def _marked(self, segment: Segment) -> str:
        stripped = segment.text.rstrip()
        markers = "".join(f"[{number}]" for number in dict.fromkeys(map(self._number, segment.citations)))
        # A marker in the line that ends a fence or a table would open it again, or become a cell.
        between = "\n\n" if stripped.rsplit("\n", 1)[-1].lstrip().startswith(("```", "~~~", "|")) else " "
        return f"{stripped}{between}{markers}{segment.text[len(stripped) :]}" if markers else segment.text

    def _number(self, citation: Citation) -> int:
        key = _place(citation)
        if key not in self.citations:
            fields = {name: getattr(citation, name) for name in Citation.__slots__}
            self.citations[key] = Citation(**{**fields, "marker": len(self.citations) + 1})
        return self.citations[key].marker


def _place(citation: Citation) -> tuple[str, int, int]:
    return citation.chunk_id, citation.start, citation.end


def quotes_for(
    question: Question, evidence: Evidence, index: Index, how: EvidenceSettings = EVIDENCE
) -> Iterator[Segment]:
    """Yield what the documents say, part by part of the question; nothing where they do not say it."""
    parts = evidence.parts or ((question, evidence),)
    writer = ExtractiveWriter(index, how.model_copy(update={"shown": how.shown // len(parts)}))
    said: set[tuple[str, int, int]] = set()
    for part, own in parts:
        first = True
        for segment in writer.write(part.text, own.hits, own.passages):
            places = set(map(_place, segment.citations))
            if places and places <= said and evidence.parts:
                continue
            yield replace(segment, text="\n\n" + segment.text) if said and first else segment
            said |= places
            first = False


def lacking(evidence: Evidence, language: str) -> str:
    """Say what of the question the evidence leaves open; empty where it leaves nothing open."""
    told = (("partly", evidence.missing), ("absent", evidence.absent))
    return "".join("\n\n" + phrase(name, language, missing=_listed(words, language)) for name, words in told if words)


def abstention(question: Question, evidence: Evidence, index: Index) -> str:
    """Say what the corpus does not cover, and name the sections nearest to the question."""
    language = question.language
    if not question.informative:
        return f"{phrase('silent', language)} {phrase('unclear', language)}"
    missing = _listed(evidence.missing, language)
    if evidence.nearest:
        return _unsure(evidence.nearest, index, language, missing)
    lines = [phrase("silent_on", language, missing=missing) if missing else phrase("silent", language)]
    sections = dict.fromkeys((hit.chunk.doc_id, hit.chunk.headings, hit.chunk.line_start) for hit in evidence.found)
    named = {(doc, headings): line for doc, headings, line in reversed(sections)}
    nearest = list(dict.fromkeys((doc, headings) for doc, headings, _ in sections))[:NEAREST]
    if nearest:
        lines.append(phrase("nearest", language))
        lines += [
            f"- {' › '.join(headings) or doc} ({doc}, {phrase('line', language)} {named[doc, headings]})"
            for doc, headings in nearest
        ]
    return "\n".join(lines)


def _unsure(nearest: Passage, index: Index, language: str, missing: str) -> str:
    """Say that nothing answers for sure, and show what comes nearest."""
    chunk, line = nearest.hit.chunk, nearest.chunks[0].line_start
    where = f"{' › '.join(chunk.headings[-2:]) or chunk.doc_id} ({chunk.doc_id}, {phrase('line', language)} {line})"
    told = [phrase("silent_on", language, missing=missing)] if missing else []
    quote = passage_source(nearest, index, beside=len(where))
    return "\n".join([*told, phrase("unsure", language), "", f"*{where}*", "", as_shown(quote)])


def _listed(words: Sequence[str], language: str) -> str:
    quoted = [f"“{word}”" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {phrase('or', language)} {quoted[-1]}"
