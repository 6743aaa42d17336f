"""The search as a LangChain retriever, alone and in somebody's chain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from pydantic import ValidationError
from servers.ollama import OllamaServer
from servers.ollama_replies import Prompt, Step

from assistant.models.chat_model import ChatModel
from index.hit import Hit
from index.text.analyser import words
from ingest.chunk import Chunk
from ingest.errors import IndexMissing, UserError
from ui.retriever import CorujaRetriever

TEXT = "# Guia\n\nO Clarify detecta vieses.\n\nO Canvas cria previsões sem código.\n"


def paragraph(text: str) -> Chunk:
    start = TEXT.index(text)
    line = TEXT.count("\n", 0, start) + 1
    end = start + len(text)
    return Chunk(str(start), "pasta/guia.md", text, start, end, line, line, ("Guia",), 0, len(TEXT), "prose", text)


@dataclass
class WordSearch:
    """Searches a few chunks by the words that they share with the query."""

    chunks: Sequence[Chunk]

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """Return the chunks that share most words with a query."""
        shared = [(len(set(words(query)) & set(words(chunk.text))), chunk) for chunk in self.chunks]
        best = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])[:k]
        return [Hit(chunk, float(score), rank) for rank, (score, chunk) in enumerate(best, start=1)]


INDEX = WordSearch([paragraph("O Clarify detecta vieses."), paragraph("O Canvas cria previsões sem código.")])


def test_documents_carry_where_they_come_from() -> None:
    first, *rest = CorujaRetriever(index=INDEX).invoke("o que o canvas cria")
    assert first.page_content == "O Canvas cria previsões sem código."
    assert first.metadata["doc"] == "pasta/guia.md"
    assert (first.metadata["line_start"], first.metadata["line_end"]) == (5, 5)
    assert TEXT[first.metadata["start"] : first.metadata["end"]] == first.page_content
    assert (first.metadata["score"], first.metadata["rank"]) == (2.0, 1)
    assert first.metadata["headings"] == ["Guia"]
    assert first.id == first.metadata["chunk_id"]
    assert rest == []


def test_k_is_how_many_are_asked_for() -> None:
    query = "Clarify detecta, Canvas cria"
    assert len(CorujaRetriever(index=INDEX).invoke(query)) == 2
    assert len(CorujaRetriever(index=INDEX, k=1).invoke(query)) == 1
    with pytest.raises(ValidationError):
        CorujaRetriever(index=INDEX, k=0)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValidationError):
        CorujaRetriever(index=TEXT)  # type: ignore[arg-type]


def test_errors_of_the_search_come_through() -> None:
    class Closed:
        def search(self, query: str, k: int = 10) -> list[Hit]:
            raise IndexMissing("Nada foi indexado.", "coruja index")

    with pytest.raises(UserError, match="Nada foi indexado"):
        CorujaRetriever(index=Closed()).invoke("canvas")


def test_it_drops_into_a_chain() -> None:
    def copies(prompt: Prompt) -> Iterator[Step]:
        yield prompt.text.partition("Contexto: ")[2].partition("\n")[0]

    with OllamaServer({"copia": copies}) as server:
        chat = ChatModel("copia", server.url)
        retriever = CorujaRetriever(index=INDEX) | (lambda documents: documents[0].page_content)
        prompt = ChatPromptTemplate([("human", "Contexto: {context}\nPergunta: {question}")])
        chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | chat.runnable() | StrOutputParser()
        assert chain.invoke("O que detecta o Clarify?") == "O Clarify detecta vieses."
        assert "".join(chain.stream("O que cria o Canvas?")) == "O Canvas cria previsões sem código."
        chat.close()
