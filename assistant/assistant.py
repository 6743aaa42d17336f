"""The assistant: from a question to a cited answer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from assistant.answer import Answer, Citation, Segment, Turn
from assistant.asking.followup import Memory, about_the_same, asked_before, standalone
from assistant.asking.glossary import Glossary, load_glossary
from assistant.asking.parts import understand_parts
from assistant.asking.question import LONGEST_QUESTION, Question, informative_words, understand
from assistant.evidence.answerable import threshold
from assistant.evidence.coverage import cover
from assistant.evidence.gather import Evidence, gather_parts
from assistant.evidence.passage import Passage, names_fact, passage_source
from assistant.models.choice import model_away, open_model
from assistant.notice import Notice, damaged, outdated, quoting
from assistant.phrases import phrase
from assistant.quoting.extractive import ExtractiveWriter
from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.opening import open_embedder, open_journal, open_reranker, open_store
from assistant.writer import Writer
from index.hit import Hit
from index.index import Index
from index.live import LiveIndex
from index.text.analyser import stem, words
from ingest.errors import IndexMissing, ModelUnavailable
from ingest.markup.site_markup import as_shown
from ingest.redaction import recipe

if TYPE_CHECKING:
    from assistant.workspace.journal import Journal
    from assistant.writing.model_writer import ModelWriter
    from index.store import Store

NEAREST = 3  # sections named when abstaining


class Assistant:
    """Answers questions from the index that is served. Safe to use from several threads.

    A question is answered from one generation, from its beginning to its end; the next one from what is served then.

    Args:
        live: Where evidence is found.
        settings: Who writes, and how much is looked at.
        glossary: What else the words of a question are called.
        journal: Where every answer is written down, if it is to be.

    Attributes:
        behind: Why the index could not be brought up to the documents; empty when, as far as is known, it was.
    """

    def __init__(
        self, live: LiveIndex, settings: Settings, glossary: Glossary, journal: "Journal | None" = None
    ) -> None:
        self.settings = settings
        self._journal = journal
        self.behind = ""
        self._asked = Memory()
        self._caution = threshold() if settings.caution is None else settings.caution
        self._glossary = glossary
        self._live = live
        self._writer: ModelWriter | None = None
        self._opening = Lock()

    @classmethod
    def open(cls, workspace: Path, settings: Settings, store: "Store | None" = None) -> "Assistant":
        """Open the workspace's index, or the one in another store.

        Raises:
            IndexMissing: Nothing has been indexed yet.
            IndexMismatch: The index was built by another recipe.
            IndexDamaged: A file of the index is missing or altered.
            EmbedderUnavailable: The embedding model or the reranker is not on this machine.
        """
        masked = recipe(settings.redact)
        embedder = open_embedder(settings)
        live = LiveIndex(store or open_store(workspace, settings), embedder, open_reranker(settings), redaction=masked)
        return cls(live, settings, load_glossary(workspace), open_journal(workspace, settings))

    @classmethod
    def open_or_build(
        cls, workspace: Path, settings: Settings, build: Callable[[Path, Settings], object] = build
    ) -> "Assistant":
        """Open the workspace's index; where nothing has been indexed yet, index first.

        Args:
            workspace: The workspace.
            settings: Its settings.
            build: Builds the index, as `assistant.workspace.build.build` does, and shows whatever is to be shown.

        Raises:
            UserError: What `open` raises, but that nothing has been indexed, and what `build` raises.
        """
        try:
            return cls.open(workspace, settings)
        except IndexMissing:
            build(workspace, settings)
            return cls.open(workspace, settings)

    @property
    def index(self) -> Index:
        """The generation that answers now."""
        return self._live.index

    def refresh(self) -> None:
        """Open what is served now, so that the next question need not; questions under way keep what they have."""
        self._live.refresh()

    def close(self) -> None:
        """Let the index and the model's connection go."""
        self._live.close()
        if self._writer:
            self._writer.close()
        if self._journal:
            self._journal.close()

    def search(self, query: str, k: int) -> list[Hit]:
        """Return the k best hits for a query."""
        with self._live.using() as index:
            return index.search(query, k)

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question; `history` holds the conversation's earlier turns, oldest first."""
        *_, answer = self.stream(question, history)
        if not isinstance(answer, Answer):  # pragma: no cover - `stream` ends with one
            raise TypeError(answer)
        return answer

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        """Yield the answer as it is written, and the finished `Answer` last.

        The finished answer counts: when a model dies while it writes, the pieces are its own and the answer is not.
        """
        with self._live.using() as index:
            for piece in self._stream(index, question, history):
                if self._journal and isinstance(piece, Answer):
                    self._journal.add(piece, history)
                yield piece

    def _stream(self, index: Index, question: str, history: Sequence[Turn]) -> Iterator[str | Answer]:
        started = perf_counter()
        question = question.strip()[:LONGEST_QUESTION]
        model, notices = self._model()
        query = self._standalone(question, history, model, index)
        questions = understand_parts(query, lambda part: index.search(part, 1), self._glossary)
        asked = questions[0] if len(questions) == 1 else understand(query, self._glossary)
        evidence = gather_parts(questions, index, self.settings.k, self._caution)
        searched = perf_counter()
        draft, extractive = _Draft(), ExtractiveWriter(index)
        writer: Writer = model or extractive
        if evidence.hits:
            try:
                yield from draft.write(writer, asked, evidence)
            except ModelUnavailable as error:
                writer, draft = extractive, _Draft()
                notices = (quoting(error, lasting=False),)
                yield from draft.write(writer, asked, evidence)
        if not draft.citations:
            draft = _Draft()
            yield draft.say(_abstention(asked, evidence, index))
        else:
            for name, lacking in (("partly", evidence.missing), ("absent", evidence.absent)):
                if lacking:
                    missing = _listed(lacking, asked.language)
                    yield draft.say("\n\n" + phrase(name, asked.language, missing=missing))
        if self._live.problem:
            notices += (damaged(self._live.problem),)
        if self.behind:
            notices += (outdated(self.behind),)
        ended = perf_counter()
        yield Answer(
            question=question,
            query=query,
            text=draft.text,
            status="answered" if draft.citations else "abstained",
            language=asked.language,
            writer=writer.name,
            citations=tuple(draft.citations.values()),
            hits=evidence.found,
            missing=(*evidence.missing, *evidence.absent),
            notices=(*notices, *draft.notices),
            timings_ms={
                "search": round((searched - started) * 1000, 1),
                "write": round((ended - searched) * 1000, 1),
                "total": round((ended - started) * 1000, 1),
            },
            generation=index.manifest.generation,
            probability=evidence.probability,
        )

    def section_text(self, citation: Citation) -> tuple[str, int]:
        """Return the whole section that a citation stands in, and the offset at which it starts in its document."""
        with self._live.using() as index:
            text, chunk = index.document_text(citation.doc), index.chunk(citation.chunk_id)
        # The document may have been edited since it was cited.
        if chunk is None or text[citation.start : citation.end] != citation.quote:
            return citation.quote, citation.start
        return text[chunk.section_start : chunk.section_end], chunk.section_start

    def _model(self) -> "tuple[ModelWriter | None, tuple[Notice, ...]]":
        """Return the model that writes, if one is wanted and there, and what to say when it is not."""
        if self.settings.writer == "extractive":
            return None, ()
        if why := model_away(self.settings):
            return None, (quoting(why, lasting=True),)
        from assistant.writing.model_writer import ModelWriter

        with self._opening:
            if self._writer is None:
                self._writer = ModelWriter(open_model(self.settings), unverified=self.settings.unverified)
        return self._writer, ()

    def _standalone(self, question: str, history: Sequence[Turn], model: "ModelWriter | None", index: Index) -> str:
        """Return the question so that it stands alone. A rewriting is only kept where it finds what answers it."""
        if not history:
            return question

        def search(query: str) -> Sequence[Hit]:
            return index.search(query, 1)

        def answering(query: str) -> tuple[Hit, ...]:
            return gather_parts(
                understand_parts(query, search, self._glossary), index, self.settings.k, self._caution
            ).hits

        generation = index.manifest.generation
        same = ruled = standalone(question, history, search, self._asked, generation)
        if ruled == question:
            before = asked_before(history, search, self._asked, generation)
            told, hits = search(before), answering(question)
            # What was told before answers this, too: better than another passage that the question does not name.
            goes_on = any(cover(understand(question, self._glossary), hit, index).answers for hit in told)
            same_passage = hits and told and hits[0].chunk.chunk_id == told[0].chunk.chunk_id
            if same_passage or (hits and (not goes_on or names_fact(understand(question), hits[0]))):
                return question
            same = about_the_same(question, before, search)
        if model and (written := _rewritten(question, history, model)) and answering(written):
            return written
        return same if answering(same) else ruled


def _rewritten(question: str, history: Sequence[Turn], model: "ModelWriter") -> str:
    """Return the model's rewriting; empty when it has none, or one that loses what was asked."""
    try:
        written = model.rewrite(question, history)
    except ModelUnavailable:
        return ""  # the rules need no model, and the writer will say what is wrong with it
    kept = {stem(word) for word in words(written)}
    return written if kept.issuperset(map(stem, informative_words(question))) else ""


class _Draft:
    """An answer while it is written: markers are numbered in order of first appearance."""

    def __init__(self) -> None:
        self.text = ""
        self.citations: dict[tuple[str, int, int], Citation] = {}
        self.notices: list[Notice] = []

    def write(self, writer: Writer, question: Question, evidence: Evidence) -> Iterator[str]:
        # Who quotes answers part by part; a model is asked the whole question.
        quoted = evidence.parts if isinstance(writer, ExtractiveWriter) else ()
        for part, own in quoted or ((question, evidence),):
            begun = not self.text
            for segment in writer.write(part.text, own.hits, own.passages):
                if quoted and segment.citations and all(map(self._cited, segment.citations)):
                    continue
                if segment.notice:
                    self.notices.append(segment.notice)
                if segment.text:
                    yield self.say(("" if begun else "\n\n") + self._marked(segment))
                    begun = True

    def _cited(self, citation: Citation) -> bool:
        return _place(citation) in self.citations

    def say(self, text: str) -> str:
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


def _abstention(question: Question, evidence: Evidence, index: Index) -> str:
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
    return "\n".join(
        [*told, phrase("unsure", language), "", f"*{where}*", "", as_shown(passage_source(nearest, index))]
    )


def _listed(words: Sequence[str], language: str) -> str:
    quoted = [f"“{word}”" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {phrase('or', language)} {quoted[-1]}"
