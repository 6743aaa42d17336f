"""Definitions: which text says what something is. They come first when a question asks for one."""

import re

from assistant.asking.question import Question
from index.text.analyser import fold, stem, words
from ingest.chunk import Chunk
from ingest.splitting.sentences import sentence_spans

# What stands between the term and what it is: Portuguese, English and Spanish, folded.
_SAYS = (
    r"(?:e|sao|foi|representam?|significam?|referem?-se|consistem?|definem?|denotam?|designam?|descrevem?|servem? para"
    r"|is|are|means?|represents?|refers to|es|son|significan?)"
)
# "O coletor é configurado para…" says what is done with it.
_NOT_DONE = r"(?!\s+\w+[ai]d[oa]s?\b)"
_ARTICLES = r"(?:(?:o|a|os|as|um|uma|uns|umas|the|an|el|la|los|las|un|una)\s+)?"


def defines(question: Question, chunk: Chunk) -> bool:
    """Tell whether a chunk says what the question asks about is: by its place in the document, or by a sentence."""
    if _names(question, chunk):
        return True
    if not question.topic or chunk.kind == "code":
        return False
    return any(is_definition(question.topic, chunk.text[start:end]) for start, end in sentence_spans(chunk.text))


def is_definition(topic: str, sentence: str) -> bool:
    """Tell whether a sentence begins by saying what the topic is ("Um span é…", "Span (trecho) representa…")."""
    term = r"\W+".join(re.escape(word) + "s?" for word in re.findall(r"\w+", fold(topic)))
    aside = r"(?:\s*[(,—–-][^).,—–]{1,80}[),—–-])?"
    return bool(term) and bool(re.match(rf"\W*{_ARTICLES}\W*{term}\W*?{aside}\s*{_SAYS}\b{_NOT_DONE}", fold(sentence)))


def _names(question: Question, chunk: Chunk) -> bool:
    """Tell whether the question only names the chunk's subject, or the heading that the chunk opens."""
    opens = chunk.kind == "prose" and chunk.headings
    about = chunk.subject or (chunk.headings[-1] if opens else "")
    return bool(question.informative) and {*map(stem, question.informative)} == {*map(stem, words(about))}
