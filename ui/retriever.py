"""The search as a LangChain retriever, to drop into other people's chains.

retriever = CorujaRetriever(index=FaissStore(root).open(embedder), k=5)
chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from index.hit import Hit


@runtime_checkable
class Searchable(Protocol):
    """What can be searched: an `index.Index`, or an `Assistant`."""

    def search(self, query: str, k: int = 10) -> Sequence[Hit]:
        """Return the best `k` hits for a query, best first."""


class CorujaRetriever(BaseRetriever):
    """Finds chunks and gives them as LangChain documents, best first.

    A document's `page_content` is the chunk's text exactly as its file has it, its `id` the chunk's. Its metadata are
    `doc`, `line_start`, `line_end`, `start`, `end`, `score`, `rank`, `headings` and `chunk_id`, with the meanings that
    `Hit` and `Chunk` give them.

    Raises:
        UserError: Whatever the search raises.
    """

    index: Searchable
    k: int = Field(default=10, ge=1)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [_document(hit) for hit in self.index.search(query, self.k)]


def _document(hit: Hit) -> Document:
    chunk = hit.chunk
    return Document(
        page_content=chunk.text,
        id=chunk.chunk_id,
        metadata={
            "doc": chunk.doc_id,
            "line_start": chunk.line_start,
            "line_end": chunk.line_end,
            "start": chunk.start,
            "end": chunk.end,
            "score": hit.score,
            "rank": hit.rank,
            "headings": list(chunk.headings),
            "chunk_id": chunk.chunk_id,
        },
    )
