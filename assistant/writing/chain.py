"""What a chat model is given: prompts filled with the question, the passages, the conversation, as LangChain chains."""

from collections.abc import Sequence
from threading import Event
from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda

from assistant.answer import Turn
from assistant.asking.language import NAMES, language_of
from assistant.models.chat_model import ChatModel
from assistant.writing.prompt import read_prompt

_HISTORY_TURNS = 4
_HISTORY_ANSWER_CHARS = 400
_OLDER_TURNS = 12
_OLDER_QUESTION_CHARS = 120


def rewrite_chain(chat: ChatModel) -> Runnable[Any, str]:
    """Return the chain that makes a question stand alone: `{"conversa": str, "pergunta": str}` in, a question out."""
    return _template("rewrite") | chat.runnable() | StrOutputParser()


def answer_chain(
    chat: ChatModel, stop: Event | None = None, *, limit: int | None = None, insisting: bool = False
) -> Runnable[Any, str]:
    """Return the chain that answers: `{"pergunta": str, "trechos": str}` in, prose out.

    Args:
        chat: The model to ask.
        stop: Set it before leaving the stream unfinished (see `ChatModel.runnable`).
        limit: How many tokens the answer may have.
        insisting: Tell the model once more which language to answer in.
    """
    template = _template("answer", "insist") if insisting else _template("answer")
    return RunnableLambda(_filled) | template | chat.runnable(stop, limit) | StrOutputParser()


def _template(*names: str) -> ChatPromptTemplate:
    """Return prompts (see `assistant.writing.prompt`), one after the other, as LangChain takes them."""
    prompts = [read_prompt(name) for name in names]
    rules = "\n".join(prompt.rules for prompt in prompts)
    return ChatPromptTemplate([("system", rules), ("human", "\n\n".join(prompt.asked for prompt in prompts))])


def _filled(given: dict[str, str]) -> dict[str, str]:
    return {**given, "idioma": NAMES[language_of(given["pergunta"])]}


def conversation_text(history: Sequence[Turn]) -> str:
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
