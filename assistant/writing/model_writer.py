"""The writer that asks a chat model: Portuguese prose from numbered passages, every sentence checked.

A LangChain chain (question and hits → prompt → model → text) is read while it streams. Each sentence is judged by
`assistant.checking.checker`: what the passages say gets the citations that prove it, whatever the model cited; what
they do not say is left out or marked. Nothing is shown before the first sentence that is proven, and an answer without
one is none.

An answer in another language than the question's is stopped, asked for once more, and told beside the answer if it
comes again.
"""

from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from threading import Event

from assistant.answer import Segment, Turn
from assistant.asking.language import language_of, likely, surely_not
from assistant.checking.checker import Checker
from assistant.evidence.passage import Passage
from assistant.models.chat_model import ChatModel, ReplyCut
from assistant.models.tokens import most_tokens
from assistant.notice import remark
from assistant.settings import Unverified
from assistant.writing.chain import answer_chain, conversation_text, passage_text, rewrite_chain
from assistant.writing.markers import MarkerReader
from assistant.writing.prompt import read_prompt
from assistant.writing.review import Review
from assistant.writing.sentences import CitedSentence, SentenceReader
from index.hit import Hit
from ingest.errors import ModelUnavailable

_FRAME_TOKENS = 100  # what marks the edges of a passage, or of the whole prompt
_MAX_QUESTION_CHARS = 300
_TELLING_WORDS = 12  # of the beginning of an answer, to tell its language by


class ModelWriter:
    """Writes answers, and rewrites questions, with a chat model.

    Args:
        chat: The model to ask.
        unverified: What becomes of sentences that the passages do not support: `drop` or `mark`.
    """

    def __init__(self, chat: ChatModel, *, unverified: Unverified = "drop") -> None:
        self._chat = chat
        self._mark = unverified == "mark"
        self._rewrites = rewrite_chain(chat)
        self.name = chat.name

    def write(self, question: str, hits: Sequence[Hit], passages: Sequence[Passage] = ()) -> Iterator[Segment]:
        """Yield the answer sentence by sentence, as `Writer.write` says.

        No segment means that the model abstained. A sentence that is said again is left out, and a model that goes on
        repeating itself is stopped. A reply that ran into its limit loses its last, unfinished sentence.

        Raises:
            NothingSupported: The passages support nothing of what the model wrote; no segment was yielded.
            ModelUnavailable: The model failed, answered nothing, stopped, or was not given the whole prompt,
                perhaps after some segments.
        """
        if not hits:
            return
        hits = self._fitting(question, hits)
        language = language_of(question)
        review = Review(Checker(question, hits), language, mark=self._mark)
        sentences = self._sentences(question, hits)
        opening, failure = _opening(sentences, language)
        if surely_not(_text(opening), language):
            sentences.close()
            sentences = self._sentences(question, hits, insisting=True)
            opening, failure = _opening(sentences, language)
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

    def close(self) -> None:
        """Close the model's connections."""
        self._chat.close()

    def _fitting(self, question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Leave out the last hits that the model's context cannot hold.

        Raises:
            ModelUnavailable: It cannot hold even the first.
        """
        prompt = read_prompt("answer")
        room = self._chat.room - most_tokens(prompt.rules + prompt.asked + question) - 2 * _FRAME_TOKENS
        for place, hit in enumerate(hits):
            room -= most_tokens(passage_text(hit)) + _FRAME_TOKENS
            if room < 0:
                if not place:
                    raise self._chat.too_small()
                return hits[:place]
        return hits

    def _sentences(
        self, question: str, hits: Sequence[Hit], *, insisting: bool = False
    ) -> Generator[CitedSentence, None, None]:
        reader = MarkerReader(len(hits))
        draft = SentenceReader()
        stop = Event()
        # Held by a name, so that it outlives the setting of `stop`.
        pieces = answer_chain(self._chat, stop, insisting=insisting).stream({"question": question, "hits": hits})
        try:
            for piece in pieces:
                yield from draft.feed(reader.feed(piece))
        except ReplyCut:
            yield from (*draft.feed(reader.finish()), *draft.finish(whole=False))
            raise
        else:
            yield from draft.feed(reader.finish())
            yield from draft.finish()
        finally:
            stop.set()


def _opening(sentences: Iterator[CitedSentence], language: str) -> tuple[list[CitedSentence], ModelUnavailable | None]:
    """Return the first sentences, as many as tell the language, and what ended them if the model failed."""
    opening: list[CitedSentence] = []
    try:
        for sentence in sentences:
            opening.append(sentence)
            if likely(_text(opening), language) or len(_text(opening).split()) >= _TELLING_WORDS:
                break
    except ModelUnavailable as failure:
        return opening, failure
    return opening, None


def _text(sentences: Sequence[CitedSentence]) -> str:
    return " ".join(text for text, _ in sentences)
