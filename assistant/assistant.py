"""The assistant: from a question to a cited answer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter
from typing import TYPE_CHECKING

from assistant.answer import Answer, Citation, Turn
from assistant.asking.followup import Memory, about_the_same, asked_before, standalone
from assistant.asking.glossary import Glossary, load_glossary
from assistant.asking.parts import understand_parts
from assistant.asking.question import LONGEST_QUESTION, informative_words, understand
from assistant.evidence.answerable import threshold
from assistant.evidence.coverage import cover
from assistant.evidence.gather import gather_parts
from assistant.evidence.passage import names_fact
from assistant.models.choice import model_away, open_model
from assistant.models.speeds import Speeds
from assistant.notice import Notice, damaged, outdated, quoting
from assistant.quoting.draft import Draft, abstention, lacking, quotes_for
from assistant.quoting.extractive import ExtractiveWriter
from assistant.settings import Settings
from assistant.workspace.build import build
from assistant.workspace.folder import speeds_file
from assistant.workspace.opening import open_embedder, open_journal, open_reranker, open_store
from index.hit import Hit
from index.index import Index
from index.live import LiveIndex
from index.text.analyser import stem, words
from ingest.errors import IndexMissing, ModelUnavailable
from ingest.redaction import recipe

if TYPE_CHECKING:
    from assistant.workspace.journal import Journal, Label
    from assistant.writing.model_writer import ModelWriter
    from index.store import Store


class Assistant:
    """Answers questions from the index that is served. Safe to use from several threads.

    A question is answered from one generation, from its beginning to its end; the next one from what is served then.

    Args:
        live: Where evidence is found.
        settings: Who writes, and how much is looked at.
        glossary: What else the words of a question are called.
        journal: Where every answer is written down, if it is to be.
        speeds: How fast models read on this machine.

    Attributes:
        behind: Why the index could not be brought up to the documents; empty when, as far as is known, it was.
    """

    def __init__(
        self,
        live: LiveIndex,
        settings: Settings,
        glossary: Glossary,
        journal: "Journal | None" = None,
        speeds: Speeds | None = None,
    ) -> None:
        self.settings = settings
        self._journal = journal
        self.behind = ""
        self._asked = Memory()
        self._caution = threshold(settings.caution)
        self._glossary = glossary
        self._live = live
        self._speeds = speeds or Speeds(None)
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
        journal = open_journal(workspace, settings) if settings.log else None
        return cls(live, settings, load_glossary(workspace), journal, Speeds(speeds_file(workspace)))

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

    def load_ahead(self) -> None:
        """Let the model that is to write be loaded, so that the first question need not wait for it."""
        self._model()

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
        """Yield the answer as it comes about, and the finished `Answer` last.

        Where a model is to write, what the documents say comes first, as an `Answer` of quotes; then the model's text,
        piece by piece as it is checked. The finished answer counts: when the model dies while it writes, or writes too
        little that the documents say, the pieces are its own and the answer is that of the quotes.
        """
        with self._live.using() as index:
            answer: str | Answer = ""
            for answer in self._stream(index, question, history):
                yield answer
            if self._journal and isinstance(answer, Answer):
                self._journal.add(answer, history)

    def _stream(self, index: Index, question: str, history: Sequence[Turn]) -> Iterator[str | Answer]:
        started = perf_counter()
        question = question.strip()[:LONGEST_QUESTION]
        model, notices = self._model()
        query = self._standalone(question, history, model, index)
        questions = understand_parts(query, lambda part: index.search(part, 1), self._glossary)
        asked = questions[0] if len(questions) == 1 else understand(query, self._glossary)
        evidence = gather_parts(questions, index, self.settings.k, self._caution, self.settings.evidence)
        searched = perf_counter()
        quotes = list(quotes_for(asked, evidence, index, self.settings.evidence))
        quoted = written = Draft()
        first: float | None = None  # when the model's first word was there

        def finished(draft: Draft, told: tuple[Notice, ...]) -> Answer:
            ended = perf_counter()
            return Answer(
                question=question,
                query=query,
                text=draft.text,
                status="answered" if draft.citations else "abstained",
                language=asked.language,
                writer=model.name if model and draft.written else ExtractiveWriter.name,
                written=draft.written,
                citations=tuple(draft.citations.values()),
                hits=evidence.found,
                missing=(*evidence.missing, *evidence.absent),
                notices=(*told, *self._of_the_index()),
                probability=evidence.probability,
                timings_ms={
                    "search": round((searched - started) * 1000, 1),
                    "write": round((ended - searched) * 1000, 1),
                    "total": round((ended - started) * 1000, 1),
                    **({} if first is None else {"first": round((first - started) * 1000, 1)}),
                },
                generation=index.manifest.generation,
            )

        def backed(draft: Draft) -> Draft:
            """Let the documents' words follow what was written, and what they lack."""
            draft.close()
            draft.add(quotes)
            draft.say(lacking(evidence, asked.language) if draft.citations else abstention(asked, evidence, index))
            return draft

        if model and quotes:
            yield finished(backed(quoted), notices)
            written = Draft(quoted)
            try:
                for piece in written.write(model.write(asked.text, evidence.hits, evidence.read)):
                    first = first or perf_counter()
                    yield piece
            except ModelUnavailable as error:
                written, notices = Draft(), (quoting(error, lasting=False),)
            self._speeds.keep(model.model, model.speed)
        yield finished(backed(written), (*notices, *written.notices))

    def section_text(self, citation: Citation) -> tuple[str, int]:
        """Return the whole section that a citation stands in, and the offset at which it starts in its document."""
        with self._live.using() as index:
            text, chunk = index.document_text(citation.doc), index.chunk(citation.chunk_id)
        # The document may have been edited since it was cited.
        if chunk is None or text[citation.start : citation.end] != citation.quote:
            return citation.quote, citation.start
        return text[chunk.section_start : chunk.section_end], chunk.section_start

    def rate(self, answer: Answer, label: "Label") -> None:
        """Write down what a person says of an answer; nothing where answers are not kept.

        Raises:
            JournalError: It cannot be written.
        """
        if self._journal and (number := self._journal.number(answer)) is not None:
            self._journal.label(number, label)

    def _model(self) -> "tuple[ModelWriter | None, tuple[Notice, ...]]":
        """Return the model that writes, if one is wanted and there, and what to say when it is not."""
        if self.settings.writer == "extractive":
            return None, ()
        if why := model_away(self.settings):
            return None, (quoting(why, lasting=True),)
        from assistant.writing.model_writer import ModelWriter

        with self._opening:
            if self._writer is None:
                chat = open_model(self.settings, self._speeds)
                self._writer = ModelWriter(chat, unverified=self.settings.unverified, patience=self.settings.patience)
                # While the evidence is looked for, Ollama can load the model.
                Thread(target=self._writer.load, daemon=True).start()
        return self._writer, ()

    def _of_the_index(self) -> Iterator[Notice]:
        """Yield what there is to tell of the index."""
        if self._live.problem:
            yield damaged(self._live.problem)
        if self.behind:
            yield outdated(self.behind)

    def _standalone(self, question: str, history: Sequence[Turn], model: "ModelWriter | None", index: Index) -> str:
        """Return the question so that it stands alone: by the rules, or the model where theirs finds no answer.

        The model's rewriting is only kept where it finds what answers it.
        """
        if not history:
            return question

        def search(query: str) -> Sequence[Hit]:
            return index.search(query, 1)

        def answering(query: str) -> tuple[Hit, ...]:
            parts, settings = understand_parts(query, search, self._glossary), self.settings
            return gather_parts(parts, index, settings.k, self._caution, settings.evidence).hits

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
        if answering(same):
            return same  # at once; a small model's rewriting is no better (LOG.md), and is waited for
        if model and (written := _rewritten(question, history, model)) and answering(written):
            return written
        return ruled


def _rewritten(question: str, history: Sequence[Turn], model: "ModelWriter") -> str:
    """Return the model's rewriting; empty when it has none, or one that loses what was asked."""
    try:
        written = model.rewrite(question, history)
    except ModelUnavailable:
        return ""  # the rules need no model, and the writer will say what is wrong with it
    kept = {stem(word) for word in words(written)}
    return written if kept.issuperset(map(stem, informative_words(question))) else ""
