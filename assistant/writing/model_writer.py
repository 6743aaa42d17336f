"""The writer that asks a chat model: prose from passages, every sentence checked and cited by us.

The model is given passages as Markdown and a plain prompt (a LangChain chain), and writes without markers. What it
writes is read while it streams: each sentence gets the passages that say it, or goes (`assistant.checking.checker`).
What it is given is as much as its machine reads in the time that a person waits.

An answer in another language than the question's is stopped, asked for once more, and told beside the answer if it
comes again.
"""

from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from threading import Event

from assistant.answer import Segment, Turn
from assistant.asking.language import language_of, likely, rather_not
from assistant.asking.question import understand
from assistant.checking.checker import Checker
from assistant.evidence.passage import Passage
from assistant.models.chat_model import ChatModel, ReplyCut
from assistant.models.tokens import most_tokens
from assistant.notice import remark
from assistant.settings import Unverified
from assistant.writing.chain import answer_chain, conversation_text, rewrite_chain
from assistant.writing.markers import MarkerReader
from assistant.writing.prompt import read_prompt
from assistant.writing.review import NotWorthShowing, Review
from assistant.writing.sentences import SentenceReader
from assistant.writing.sources import Source, as_markdown, fitting, harmless, sources
from index.hit import Hit
from ingest.errors import ModelUnavailable

SHORT_REPLY, LONG_REPLY = 256, 512
"""Tokens that an answer may have: of a fact, and of a list or of passages that hold code."""
_USUAL_PROMPT = 3000  # tokens of as many passages of the usual length as a model is given
_FRAME_TOKENS = 100  # what a chat template adds
_MAX_QUESTION_CHARS = 300
_TELLING_WORDS = 12  # of the beginning of an answer, to tell its language by


class ModelWriter:
    """Writes answers, and rewrites questions, with a chat model.

    Args:
        chat: The model to ask.
        unverified: What becomes of sentences that the passages do not support: `drop` or `mark`.
        patience: Seconds that the model may read before it writes.
    """

    def __init__(self, chat: ChatModel, *, unverified: Unverified = "drop", patience: float = 10.0) -> None:
        self._chat = chat
        self._mark = unverified == "mark"
        self._patience = patience
        self._rewrites = rewrite_chain(chat)
        self.name = chat.name

    def write(self, question: str, hits: Sequence[Hit], passages: Sequence[Passage] = ()) -> Iterator[Segment]:
        """Yield the answer sentence by sentence, as `Writer.write` says.

        No segment means that there was nothing to write from. A sentence that is said again is left out, and a model
        that goes on repeating itself is stopped. A reply that ran into its limit loses its last, unfinished sentence.

        Raises:
            NotWorthShowing: The model wrote in another language twice, found no answer, or the passages support too
                little of what it wrote; perhaps after some segments.
            ModelUnavailable: The model failed, answered nothing, stopped, or was not given the whole prompt,
                perhaps after some segments.
        """
        found = sources(hits, passages)
        if not found:
            return
        given = self._given(question, found)
        language = language_of(question)
        evidence = [Hit(chunk, 0.0, rank) for rank, source in enumerate(given, 1) for chunk in source.chunks]
        review = Review(Checker(question, evidence), language, mark=self._mark)
        sentences = self._sentences(question, given)
        opening, failure = _opening(sentences, language)
        if rather_not("".join(opening), language):
            sentences.close()
            sentences = self._sentences(question, given, insisting=True)
            opening, failure = _opening(sentences, language)
        if rather_not("".join(opening), language):
            sentences.close()
            raise NotWorthShowing("other_language", model=self._chat.model)
        try:
            yield from review.segments(chain(opening, sentences))
            if failure:
                raise failure
        except ReplyCut:
            if not review.shown:
                raise
            yield Segment("", notice=remark("cut"))
        finally:
            sentences.close()
        yield from review.finish(self._chat.model)

    def rewrite(self, question: str, history: Sequence[Turn]) -> str:
        """Return a follow-up question so that it stands alone.

        The question comes back as it is when there is no history, and when the model writes anything but one short
        line.

        Raises:
            ModelUnavailable: The model cannot be reached, failed, or answered nothing.
        """
        if not history:
            return question
        try:
            written = self._rewrites.invoke({"conversa": conversation_text(history), "pergunta": question})
        except ReplyCut:
            return question
        line = written.strip().strip("\"'“”«»").strip()
        return line if line and "\n" not in line and len(line) <= _MAX_QUESTION_CHARS else question

    def load(self) -> None:
        """Have the model loaded, as large as it will be asked for."""
        self._chat.load(min(self._chat.readable(self._patience), _USUAL_PROMPT) + LONG_REPLY)

    @property
    def speed(self) -> float:
        """Return how many tokens the model's machine reads a second; 0 while that is not known."""
        return self._chat.pace.speed

    @property
    def model(self) -> str:
        """Return the model's own name."""
        return self._chat.model

    def close(self) -> None:
        """Close the model's connections."""
        self._chat.close()

    def _given(self, question: str, found: Sequence[Source]) -> Sequence[Source]:
        """Leave out the last sources that the model cannot read in time, or that its context cannot hold.

        The best is read however long that takes.

        Raises:
            ModelUnavailable: The context cannot hold even that.
        """
        prompt = read_prompt("answer")
        frame = most_tokens(prompt.rules + prompt.asked + question) + _FRAME_TOKENS
        if not fitting(found[:1], self._chat.room - frame):
            raise self._chat.too_small()
        in_time = fitting(found, min(self._chat.room, self._chat.readable(self._patience)) - frame)
        return in_time or found[:1]

    def _sentences(
        self, question: str, given: Sequence[Source], *, insisting: bool = False
    ) -> Generator[str, None, None]:
        # A model that cites by itself cites nothing that it was given numbers of.
        reader, draft = MarkerReader(0), SentenceReader()
        code = any(chunk.kind == "code" for source in given for chunk in source.chunks)
        limit = LONG_REPLY if code or understand(question).kind == "list" else SHORT_REPLY
        stop = Event()
        # Held by a name, so that it outlives the setting of `stop`.
        pieces = answer_chain(self._chat, stop, limit=limit, insisting=insisting).stream(
            {"pergunta": harmless(question), "trechos": as_markdown(given)}
        )
        try:
            for piece in pieces:
                yield from draft.feed(_text(reader.feed(piece)))
        except ReplyCut:
            yield from (*draft.feed(_text(reader.finish())), *draft.finish(whole=False))
            raise
        else:
            yield from draft.feed(_text(reader.finish()))
            yield from draft.finish()
        finally:
            stop.set()


def _opening(sentences: Iterator[str], language: str) -> tuple[list[str], ModelUnavailable | None]:
    """Return the first sentences, as many as tell the language, and what ended them if the model failed."""
    opening: list[str] = []
    try:
        for sentence in sentences:
            opening.append(sentence)
            said = " ".join(opening)
            if likely(said, language) or len(said.split()) >= _TELLING_WORDS:
                break
    except ModelUnavailable as failure:
        return opening, failure
    return opening, None


def _text(events: Sequence[str | tuple[int, ...]]) -> str:
    return "".join(event for event in events if isinstance(event, str))
