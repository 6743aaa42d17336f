"""Every error that a person can meet, in one tree.

    UserError                  what happened, and what to type next
    ├── CorpusError            a folder or file that cannot be read at all
    ├── SettingsError          a setting with an unknown name or an unusable value
    ├── IndexMissing           nothing has been indexed yet
    ├── IndexMismatch          the index was built by another embedder, analyser or splitter
    ├── IndexDamaged           a file of the index is missing, truncated or altered
    ├── IndexBusy              another process is writing the index
    ├── IndexUnwritable        the index cannot be written: the disk is full, or the folder is read only
    ├── EncodingFailed         the encoder could not go on; what is served answers without it
    ├── StoreUnavailable       the server that keeps the index does not answer, or does not do what is asked
    ├── GenerationMissing      there is no such generation of the index
    ├── EmbedderUnavailable    the chosen embedding model or reranker is not on this machine, or cannot be used
    ├── ModelUnavailable       the chat model did not answer, or not usefully
    ├── BatchError             a file of questions, or of their answers, that cannot be used
    ├── DatasetError           an evaluation data set that cannot be used
    └── JournalError           the journal of answers cannot be read or written, or lacks what is asked for

Engine exceptions (FAISS, SQLite, Milvus, Ollama, parsers) are translated into these in the one file that knows
the engine. Anything else that escapes is a defect of ours.
"""


class UserError(Exception):
    """An error told to a person.

    Args:
        message: What happened, in plain words, one sentence.
        next_step: What to type or do next; may be empty when the message says it all.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the message and the next step on one line."""
        return f"{self.message} {self.next_step}".strip()


class CorpusError(UserError):
    """The corpus, or a file given by name, cannot be read at all."""


class SettingsError(UserError):
    """A setting has an unknown name or an unusable value."""


class IndexMissing(UserError):
    """No index has been built in this workspace."""


class IndexMismatch(UserError):
    """The index was built by another embedder, analyser or splitter than the one in use."""


class IndexDamaged(UserError):
    """A file of the index is missing, truncated or altered."""


class IndexBusy(UserError):
    """Another process is writing the index."""


class IndexUnwritable(UserError):
    """The index cannot be written: the disk is full, or the folder is read only."""


class EncodingFailed(UserError):
    """The multilingual encoder could not go on with the documents; what is served answers without it."""


class StoreUnavailable(UserError):
    """The server that keeps the index does not answer, or does not do what is asked."""


class GenerationMissing(UserError):
    """There is no such generation of the index."""


class EmbedderUnavailable(UserError):
    """The chosen embedding model or reranker is not on this machine, or cannot be used."""


class ModelUnavailable(UserError):
    """The chat model did not answer, or did not answer usefully."""


class BatchError(UserError):
    """A file of questions, or of their answers, cannot be used."""


class DatasetError(UserError):
    """An evaluation data set cannot be used."""


class JournalError(UserError):
    """The journal of answers cannot be read or written, or has no answer of a number."""


def said(error: Exception) -> str:
    """Return the first line of what an engine's exception says, or its name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
