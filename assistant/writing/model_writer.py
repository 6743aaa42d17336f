"""The writer that asks a chat model: Portuguese prose from numbered passages, every sentence checked.

A LangChain chain (question and hits → prompt → model → text) is read while it streams. Each sentence is judged by
`assistant.checking.checker`: what the passages say gets the citations that prove it, whatever the model cited; what
they do not say is left out or marked. Nothing is shown before the first sentence that is proven, and an answer without
one is none.

An answer in another language than the question's is stopped, asked for once more, and told beside the answer if it
comes again.
"""

import hashlib
import re
from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from threading import Event
from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda

from assistant.answer import Segment, Turn
from assistant.asking.language import NAMES, language_of, likely, surely_not
from assistant.checking.checker import Checker
from assistant.models.chat_model import ChatModel, ReplyCut, most_tokens
from assistant.notice import ModelFailure, Notice, remark
from assistant.phrases import phrase
from assistant.quoting.extractive import cite
from assistant.settings import Unverified
from assistant.writing.markers import MarkerReader, Token
from assistant.writing.prompt import read_prompt
from index.hit import Hit
from index.text.analyser import fold
from ingest.errors import ModelUnavailable
from ingest.splitting.sentences import sentence_spans

ABSTENTION = "A documentação não responde a esta pergunta."
"""What the model is told to write, and nothing else, when the passages do not answer."""

_FRAME_TOKENS = 100  # what marks the edges of a passage, or of the whole prompt
_MAX_REPEATS = 3
_HISTORY_TURNS = 4
_HISTORY_ANSWER_CHARS = 400
_OLDER_TURNS = 12
_OLDER_QUESTION_CHARS = 120
_MAX_QUESTION_CHARS = 300
_TELLING_WORDS = 12  # of the beginning of an answer, to tell its language by
_ENDS_SENTENCE = re.compile(r"[.!?…:][\"”»)\]*_]*$")

_Sentence = tuple[str, tuple[int, ...]]
"""A sentence as the model wrote it, and the passages that it cites."""


class NothingSupported(ModelFailure):
    """The model answered, and the passages support none of it."""


class ModelWriter:
    """Writes answers, and rewrites questions, with a chat model.

    Args:
        chat: The model to ask.
        unverified: What becomes of sentences that the passages do not support: `drop` or `mark`.
    """

    def __init__(self, chat: ChatModel, *, unverified: Unverified = "drop") -> None:
        self._chat = chat
        self._mark = unverified == "mark"
        self._rewrites: Runnable[Any, str] = _template("rewrite") | chat.runnable() | StrOutputParser()
        self.name = chat.name

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Segment]:
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
        check = _Check(Checker(question, hits), language, mark=self._mark)
        sentences = self._sentences(question, hits)
        opening, failure = _opening(sentences, language)
        if surely_not(_text(opening), language):
            sentences.close()
            sentences = self._sentences(question, hits, insisting=True)
            opening, failure = _opening(sentences, language)
        try:
            yield from check.segments(chain(opening, sentences))
            if failure:
                raise failure
        except ReplyCut:
            if not check.shown:
                raise
            yield Segment("", notice=remark("cut"))
        finally:
            sentences.close()
        yield from check.finish(self._chat.model)

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
            written = self._rewrites.invoke({"conversa": _conversation(history), "pergunta": question})
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
            room -= most_tokens(_passage(hit)) + _FRAME_TOKENS
            if room < 0:
                if not place:
                    raise self._chat.too_small()
                return hits[:place]
        return hits

    def _sentences(
        self, question: str, hits: Sequence[Hit], *, insisting: bool = False
    ) -> Generator[_Sentence, None, None]:
        reader = MarkerReader(len(hits))
        draft = _Draft()
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


class _Check:
    """Turns the sentences of one answer into segments, and remembers what became of them.

    Args:
        checker: Judges them.
        language: What the answer should be in.
        mark: Mark unsupported sentences instead of leaving them out.
    """

    def __init__(self, checker: Checker, language: str, *, mark: bool) -> None:
        self._checker = checker
        self._language = language
        self._mark = mark
        self._said: set[str] = set()
        self._held: list[Segment] = []  # not proven, to be shown with what is
        self._written: list[str] = []
        self._unsupported = 0
        self._abstained = False
        self.shown = False

    def segments(self, sentences: Iterator[_Sentence]) -> Iterator[Segment]:
        """Yield what is shown, from the first sentence that is proven on."""
        repeats = 0
        for text, numbers in sentences:
            sense = _bare(text)
            if sense == _bare(ABSTENTION):
                self._abstained = not self._said
                if self._abstained:
                    return
                continue
            if sense and sense in self._said:
                repeats += 1
                if repeats == _MAX_REPEATS:
                    return
                continue
            self._said.add(sense)
            self._written.append(text)
            yield from self._judged(text, numbers)

    def finish(self, model: str) -> Iterator[Segment]:
        """Yield what was still held, and notices of what the answer lacks.

        Raises:
            NothingSupported: Something was written, and nothing of it is proven.
        """
        if self._abstained:
            return
        if not self.shown:
            raise NothingSupported("nothing_supported", model=model)
        while self._held and self._held[-1].text.rstrip().endswith(":"):
            self._held.pop()  # opens a list of which nothing is left
        yield from self._held
        for notice in self._notices():
            yield Segment("", notice=notice)

    def _judged(self, text: str, numbers: Sequence[int]) -> Iterator[Segment]:
        verdict = self._checker.check(text, numbers)
        if verdict.quotes:
            held, self._held = self._held, []
            for segment in (*held, Segment(text, tuple(dict.fromkeys(map(cite, verdict.quotes))))):
                yield segment if self.shown else Segment(segment.text.lstrip(), segment.citations)
                self.shown = True
        elif verdict.supported:
            self._held.append(Segment(text))
        else:
            self._unsupported += 1
            if self._mark:
                self._held.append(Segment(f"{text.rstrip()} {phrase('unverified', self._language)}"))

    def _notices(self) -> Iterator[Notice]:
        if self._unsupported and self._mark:
            yield remark("marked")
        elif self._unsupported == 1:
            yield remark("dropped_one")
        elif self._unsupported:
            yield remark("dropped", count=str(self._unsupported))
        if surely_not(" ".join(self._written), self._language):
            yield remark("other_language")


def _opening(sentences: Iterator[_Sentence], language: str) -> tuple[list[_Sentence], ModelUnavailable | None]:
    """Return the first sentences, as many as tell the language, and what ended them if the model failed."""
    opening: list[_Sentence] = []
    try:
        for sentence in sentences:
            opening.append(sentence)
            if likely(_text(opening), language) or len(_text(opening).split()) >= _TELLING_WORDS:
                break
    except ModelUnavailable as failure:
        return opening, failure
    return opening, None


def _text(sentences: Sequence[_Sentence]) -> str:
    return " ".join(text for text, _ in sentences)


def answer_chain(chat: ChatModel, stop: Event | None = None, *, insisting: bool = False) -> Runnable[Any, str]:
    """Return the chain that answers: `{"question": str, "hits": Sequence[Hit]}` in, text with `[n]` markers out.

    Args:
        chat: The model to ask.
        stop: Set it before leaving the stream unfinished (see `ChatModel.runnable`).
        insisting: Tell the model once more which language to answer in.
    """
    template = _template("answer", "insist") if insisting else _template("answer")
    return RunnableLambda(_filled) | template | chat.runnable(stop) | StrOutputParser()


def _template(*names: str) -> ChatPromptTemplate:
    """Return prompts (see `assistant.writing.prompt`), one after the other, as LangChain takes them."""
    prompts = [read_prompt(name) for name in names]
    rules = "\n".join(prompt.rules for prompt in prompts)
    return ChatPromptTemplate([("system", rules), ("human", "\n\n".join(prompt.asked for prompt in prompts))])


def _filled(given: dict[str, Any]) -> dict[str, str]:
    question, hits = given["question"], given["hits"]
    passages = [_passage(hit) for hit in hits]
    seal = _seal([question, *passages])
    framed = (
        f"<trecho {number} {seal}>\n{text}\n</trecho {number} {seal}>" for number, text in enumerate(passages, start=1)
    )
    return {
        "abstencao": ABSTENTION,
        "idioma": NAMES[language_of(question)],
        "selo": seal,
        "trechos": "\n\n".join(framed),
        "pergunta": question,
    }


def _passage(hit: Hit) -> str:
    return "\n".join((*hit.chunk.headings, hit.chunk.plain))


def _seal(parts: Sequence[str]) -> str:
    """Return what marks the edges of passages.

    A document would have to hold the digest of a prompt that it stands in to forge it; and the same question gives
    the same prompt, so that answers can be repeated.
    """
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _conversation(history: Sequence[Turn]) -> str:
    """Render the last turns; of those before them only what was asked, so that a long talk stays a short prompt."""
    asked = [turn.question[:_OLDER_QUESTION_CHARS] for turn in history[:-_HISTORY_TURNS]][-_OLDER_TURNS:]
    return "\n".join(
        (
            *(["Perguntas de antes: " + " / ".join(asked)] if asked else []),
            *(
                f"Pergunta: {turn.question}\nResposta: {turn.answer[:_HISTORY_ANSWER_CHARS]}"
                for turn in history[-_HISTORY_TURNS:]
            ),
        )
    )


class _Draft:
    """Cut what the reader of markers gives into sentences, each with the passages that it cites.

    A sentence is certain once the next one has begun: until then a marker may follow its stop.
    """

    def __init__(self) -> None:
        self._text = ""
        self._marks: list[tuple[int, tuple[int, ...]]] = []  # offset in the text, numbers

    def feed(self, events: Sequence[Token]) -> Iterator[_Sentence]:
        for event in events:
            if isinstance(event, str):
                self._text += event
            else:
                self._marks.append((len(self._text), event))
        spans = sentence_spans(self._text)
        # The first signs of a sentence do not settle where the one before it ended.
        if spans and not any(char.isalnum() for char in self._text[slice(*spans[-1])]):
            spans.pop()
        yield from self._take([end for _, end in spans[:-1]])

    def finish(self, *, whole: bool = True) -> Iterator[_Sentence]:
        """Yield the rest; when the text is not whole, without a last sentence that does not end."""
        ends = [end for _, end in sentence_spans(self._text)]
        if ends and not whole and not _ENDS_SENTENCE.search(self._text[: ends[-1]]):
            ends.pop()
        yield from self._take(ends)

    def _take(self, ends: Sequence[int]) -> Iterator[_Sentence]:
        text, marks, start = self._text, self._marks, 0
        for end in ends:
            cited = [number for offset, numbers in marks if offset <= end for number in numbers]
            marks = [mark for mark in marks if mark[0] > end]
            yield text[start:end], tuple(dict.fromkeys(cited))
            start = end
        self._text = text[start:]
        self._marks = [(offset - start, numbers) for offset, numbers in marks]


def _bare(text: str) -> str:
    """Return a text's words alone, to tell whether two sentences say the same."""
    return " ".join(re.findall(r"\w+", fold(text)))
