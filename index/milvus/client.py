"""A Milvus server as the store needs it: collections, rows, searches, one alias. The one file that knows pymilvus.

Calls that meet a server that is starting, moving or busy are tried again; each may be made twice without harm.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from pymilvus import DataType, Function, FunctionType, MilvusClient, MilvusException
from pymilvus.exceptions import ErrorCode, MilvusUnavailableException
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from index.arrays import FloatArray
from index.ranking.scoring import K1, B
from index.ranking.words import VIEWS
from ingest.errors import StoreUnavailable

BATCH = 500
"""Rows sent, or asked for, at once: a message stays far below gRPC's 64 MB."""

LONGEST = 65_535
"""Bytes of a text in one row, at most: Milvus takes no more."""

ATTEMPTS = 8
TIMEOUT = 60.0
"""Seconds that one call may take."""

_NO_CONNECTION, _NOT_LOADED = 2, 101
_PASSING = {_NO_CONNECTION, _NOT_LOADED, ErrorCode.RATE_LIMIT}

Row = dict[str, Any]
_Found = TypeVar("_Found")

# It would log every failed call with its trace, those that are tried again too; what matters is in the error.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class Milvus:
    """A connection to a server, made with the first call.

    Args:
        uri: Where it listens, such as `http://127.0.0.1:19530`.
        token: `user:password`, or an API key; empty for none.
    """

    def __init__(self, uri: str, token: str = "") -> None:
        self.uri = uri
        self._token = token
        self._client: MilvusClient | None = None

    def create_chunks(self, collection: str, dimension: int) -> None:
        """Create the collection of a generation's chunks, if it is not there: vectors, and a BM25 index a view."""
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
        schema.add_field("doc", DataType.VARCHAR, max_length=64)
        schema.add_field("ordinal", DataType.INT64)
        schema.add_field("heading_words", DataType.INT64)
        schema.add_field("chunk", DataType.VARCHAR, max_length=LONGEST)
        schema.add_field("dense", DataType.FLOAT_VECTOR, dim=dimension)
        indexes = MilvusClient.prepare_index_params()
        indexes.add_index("doc", index_type="INVERTED")
        indexes.add_index("dense", index_type="HNSW", metric_type="IP", params={"M": 32, "efConstruction": 200})
        for view in VIEWS:
            # The terms are our analyser's already: the server has only to part them at the spaces.
            analysed = {"enable_analyzer": True, "analyzer_params": {"tokenizer": "standard"}}
            schema.add_field(view, DataType.VARCHAR, max_length=LONGEST, **analysed)
            schema.add_field(f"{view}_bm25", DataType.SPARSE_FLOAT_VECTOR)
            schema.add_function(
                Function(
                    name=f"{view}_to_bm25",
                    function_type=FunctionType.BM25,
                    input_field_names=[view],
                    output_field_names=[f"{view}_bm25"],
                )
            )
            given = {"bm25_k1": K1, "bm25_b": B}
            indexes.add_index(f"{view}_bm25", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=given)
        self._create(collection, schema, indexes)

    def create_records(self, collection: str) -> None:
        """Create the collection of a generation's records, if it is not there: texts by key and kind."""
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=256)
        schema.add_field("kind", DataType.VARCHAR, max_length=16)
        schema.add_field("value", DataType.VARCHAR, max_length=LONGEST)
        schema.add_field("none", DataType.FLOAT_VECTOR, dim=2)  # a collection has to have a vector
        indexes = MilvusClient.prepare_index_params()
        indexes.add_index("kind", index_type="INVERTED")
        indexes.add_index("none", index_type="FLAT", metric_type="IP")
        self._create(collection, schema, indexes)

    def put(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows, in place of those with the same ids."""
        for start in range(0, len(rows), BATCH):
            batch = list(rows[start : start + BATCH])
            self._call(partial(MilvusClient.upsert, collection_name=collection, data=batch))

    def get(self, collection: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        """Return the rows with these ids that are there, by id."""
        found: dict[str, Row] = {}
        for start in range(0, len(ids), BATCH):
            batch = list(ids[start : start + BATCH])
            asked = partial(MilvusClient.query, collection_name=collection, ids=batch, output_fields=[*fields])
            rows = self._call(asked, collection)
            found.update((row["id"], row) for row in rows)
        return found

    def where(self, collection: str, condition: str, fields: Sequence[str], limit: int = BATCH) -> list[Row]:
        """Return at most `limit` rows that meet a condition, in no order."""
        rows = self._call(
            lambda client: client.query(collection, filter=condition, limit=limit, output_fields=[*fields]), collection
        )
        return list(rows)

    def every(self, collection: str, condition: str, fields: Sequence[str]) -> Iterator[Row]:
        """Yield all rows that meet a condition, in no order."""
        pages = self._call(
            lambda client: client.query_iterator(
                collection, batch_size=BATCH, filter=condition, output_fields=[*fields]
            ),
            collection,
        )
        try:
            while batch := self._call(lambda client: pages.next()):
                yield from batch
        finally:
            pages.close()

    def count(self, collection: str, condition: str = "") -> int:
        """Return how many rows meet a condition."""
        rows = self._call(
            lambda client: client.query(collection, filter=condition, output_fields=["count(*)"]), collection
        )
        return int(rows[0]["count(*)"])

    def nearest(self, collection: str, vector: FloatArray, k: int) -> list[str]:
        """Return the ids of the k chunks whose vectors are nearest."""
        wide = {"params": {"ef": max(200, 4 * k)}}
        hits = self._call(
            lambda client: client.search(
                collection, [vector.tolist()], anns_field="dense", limit=k, search_params=wide
            ),
            collection,
        )
        return [hit["id"] for hit in hits[0]]

    def matching(
        self, collection: str, view: str, terms: str, k: int, among: Sequence[str] | None = None
    ) -> Mapping[str, float]:
        """Return the BM25 scores of the k chunks that match terms best in a view, by id.

        Args:
            collection: The chunks.
            view: One of `VIEWS`.
            terms: What is searched for, parted by spaces.
            k: At most this many.
            among: Ids of the chunks that may be found; all when None.
        """
        if not terms:
            return {}
        condition = "" if among is None else f"id in {_listed(among)}"
        hits = self._call(
            lambda client: client.search(collection, [terms], anns_field=f"{view}_bm25", limit=k, filter=condition),
            collection,
        )
        # Milvus gives the score, Milvus Lite the score as a distance, below 0.
        return {hit["id"]: abs(hit["distance"]) for hit in hits[0] if hit["distance"]}

    def seal(self, collection: str) -> None:
        """Make what was written durable, and let it be searched."""
        self._call(lambda client: client.flush(collection))
        self._call(lambda client: client.load_collection(collection))

    def collections(self) -> list[str]:
        """Return the names of all collections."""
        return list(self._call(lambda client: client.list_collections()))

    def drop(self, collection: str) -> None:
        """Remove a collection, if it is there."""
        self._call(lambda client: client.drop_collection(collection))

    def pointed_at(self, alias: str) -> str:
        """Return the collection that an alias points at; empty when there is no such alias."""
        with self.explained():
            try:
                return str(self._tried(lambda client: client.describe_alias(alias))["collection_name"])
            except MilvusException as error:
                if _passing(error):
                    raise
                return ""

    def point(self, alias: str, collection: str) -> None:
        """Point an alias at a collection, in one step."""
        if self.pointed_at(alias):
            self._call(lambda client: client.alter_alias(collection, alias))
        else:
            self._call(lambda client: client.create_alias(collection, alias))

    def close(self) -> None:
        """Let the connection go."""
        if self._client:
            self._client.close()

    def _create(self, collection: str, schema: object, indexes: object) -> None:
        def create(client: MilvusClient) -> None:
            if not client.has_collection(collection):
                client.create_collection(collection, schema=schema)
            if not client.list_indexes(collection):
                client.create_index(collection, indexes, sync=False)  # of no rows yet; loading waits for it

        with self.explained():
            try:
                self._tried(create)
            except MilvusException as error:
                # Another shard may have created it in between.
                if _passing(error) or collection not in self.collections():
                    raise

    def _call(self, what: Callable[[MilvusClient], _Found], collection: str = "") -> _Found:
        """Make a call on a collection, loaded for it if it is not."""

        def loaded(client: MilvusClient) -> _Found:
            try:
                return what(client)
            except MilvusException as error:
                if collection and error.code == _NOT_LOADED:  # the server started anew; the call is tried again
                    client.load_collection(collection)
                raise

        with self.explained():
            return self._tried(loaded)

    def _tried(self, what: Callable[[MilvusClient], _Found]) -> _Found:
        wait = wait_exponential(multiplier=0.1, max=5)
        for attempt in Retrying(
            stop=stop_after_attempt(ATTEMPTS), wait=wait, retry=retry_if_exception(_passing), reraise=True
        ):
            with attempt:
                if not self._client:
                    self._client = MilvusClient(uri=self.uri, token=self._token, timeout=TIMEOUT)
                return what(self._client)
        raise AssertionError("a call ends in its result or in an error")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn whatever a call raises into `StoreUnavailable`: pymilvus lets errors of gRPC through."""
        try:
            yield
        except StoreUnavailable:
            raise
        except Exception as error:
            said = error.message if isinstance(error, MilvusException) else f"{type(error).__name__}: {error}"
            message = f"Milvus at {self.uri} did not do what was asked ({said})."
            next_step = "Start it, or correct index.uri and index.token in coruja.toml."
            raise StoreUnavailable(message, next_step) from error


def _passing(error: BaseException) -> bool:
    """Tell whether an error may be gone a moment later."""
    away = isinstance(error, MilvusUnavailableException)
    return away or (isinstance(error, MilvusException) and error.code in _PASSING)


def _listed(ids: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in ids) + "]"  # of our own making: letters and digits
