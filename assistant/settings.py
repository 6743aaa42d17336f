"""Settings: one frozen object, read once.

Precedence: an argument, then the environment (`CORUJA_*`), then `coruja.toml` in the workspace, then the defaults.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ingest.errors import CorpusError, SettingsError
from ingest.reading.encoding import decode
from ingest.redaction import KINDS, RedactionKind

_PREFIX = "CORUJA_"
_NESTED = "__"
_DURATION = r"^(-?\d+|(\d+(\.\d+)?(ms|s|m|h))+)$"

WriterName = Literal["auto", "extractive", "ollama"]
Unverified = Literal["drop", "mark"]


def _kinds(value: object) -> object:
    """Return kinds in one order, from a list, from true or false, or from words parted by commas."""
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), [word.strip() for word in value.split(",")])
    if isinstance(value, bool):
        return KINDS if value else ()
    if isinstance(value, list | tuple) and set(value) <= set(KINDS):
        return tuple(kind for kind in KINDS if kind in value)
    return value


Redact = Annotated[tuple[RedactionKind, ...], NoDecode, BeforeValidator(_kinds)]
"""What to mask in documents, in the order of `KINDS`; `true` means all of it."""


def _patterns(value: object) -> object:
    """Return patterns from a list, or from words parted by commas."""
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Exclude = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_patterns)]
"""What is left out of the corpus, in the patterns of `.gitignore`."""


class IndexSettings(BaseModel):
    """Where the index is kept: in the workspace's folder, or in a Milvus server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Literal["faiss", "milvus"] = Field("faiss", description="faiss: in the workspace; milvus: in a server.")
    uri: str = Field("http://127.0.0.1:19530", description="Where Milvus listens.")
    token: SecretStr = Field(SecretStr(""), description="Milvus's user:password, or an API key.")
    name: str = Field(
        "coruja", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$", description="What the index is called in Milvus."
    )


class GateSettings(BaseModel):
    """What a build has to show before it answers people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = Field(None, description="Questions that a build is measured on: a .jsonl file.")
    at_least: dict[str, float] = Field({}, description="The least that measures have to reach.")
    at_most: dict[str, float] = Field({}, description="The most that measures may reach.")


class EvidenceSettings(BaseModel):
    """How evidence is looked for, read and shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sought: int = Field(50, ge=10, le=100, description="Hits among which passages are looked for.")
    length: int = Field(600, ge=100, le=1700, description="Characters of a section that are shown together.")
    read: int = Field(8, ge=1, le=50, description="Passages that are read with the question: what takes the time.")
    meaning: float = Field(
        1.0, ge=0, le=5, description="Weight of likeness in meaning beside that of words; 1 is what was learned."
    )
    reading: float | None = Field(
        None, ge=0, le=5, description="Weight of what is read beside what was found; learned when unset."
    )
    worth: float | None = Field(
        None,
        ge=0,
        description="How likely in 1,000 characters another passage answers, to be shown as well; learned when unset.",
    )
    shown: int = Field(1750, ge=100, le=10_000, description="Characters of an answer's passages with their titles.")


EVIDENCE = EvidenceSettings.model_validate({})
"""As it comes."""


class Settings(BaseSettings):
    """What an owner can choose. Every field is also `CORUJA_<NAME>` and a key of `coruja.toml`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter=_NESTED,
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    writer: WriterName = Field("auto", description="Who writes the answer: auto, extractive or ollama.")
    model: str = Field("qwen3:4b-instruct", description="Model that writes and rewrites: Ollama's, or provider:name.")
    # Dropped by default: what a small model adds is mostly wrong, and what a document smuggled in must not reach a
    # person, not even with a label. How many sentences were dropped is said beside the answer.
    unverified: Unverified = Field(
        "drop", description="A model's sentences that the documents do not support: drop them, or mark them."
    )
    ollama_url: str = Field("http://127.0.0.1:11434", description="Where Ollama listens.")
    ollama_timeout: float = Field(120.0, gt=0, description="Seconds to wait for Ollama's next piece of text.")
    patience: float = Field(
        10.0, gt=0, description="Seconds that a model may read before it writes: as many passages as that allows."
    )
    keep_alive: str = Field(
        "10m", pattern=_DURATION, description="How long Ollama keeps the model in memory: 10m, 0, or -1 for ever."
    )
    temperature: float = Field(0.0, ge=0, le=2, description="Chance in the choice of words; 0 for none.")
    seed: int = Field(0, ge=0, description="Where chance begins, above temperature 0.")
    embedder: str = Field("coruja", description="Embedding model: coruja, or another of `coruja embedders`.")
    query_prompt: str | None = Field(None, description="Prefix of a query for the embedder; its own when unset.")
    passage_prompt: str | None = Field(None, description="Prefix of a passage for the embedder; its own when unset.")
    meaning: bool = Field(
        True, description="Encode the documents by the multilingual model, too, after indexing: better answers."
    )
    reranker: str | None = Field(None, description="Model that orders the best hits anew; none when unset.")
    index: IndexSettings = Field(
        IndexSettings.model_validate({}), description="Where the index is kept: a table of its own."
    )
    gate: GateSettings = Field(
        GateSettings.model_validate({}), description="What a build has to show: a table of its own."
    )
    evidence: EvidenceSettings = Field(
        EVIDENCE, description="How evidence is looked for and shown: a table of its own."
    )
    corpus: Path = Field(Path("corpus"), description="Folder of the documents, relative to the workspace.")
    exclude: Exclude = Field((), description="Files left out, as .gitignore names them: drafts/, **/node_modules/**.")
    max_file_mb: float = Field(20.0, gt=0, description="Larger files are reported, not read.")
    redact: Redact = Field((), description="What indexing masks: cpf, cnpj, nif, email, phone; true for all.")
    k: int = Field(10, ge=1, le=100, description="Hits that an answer is written from.")
    caution: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Probability that a passage answers, below which Coruja abstains; learned when unset.",
    )
    jobs: int = Field(4, ge=1, le=64, description="Questions of a batch that are asked at the same time.")
    log: bool = Field(False, description="Keep every answer with its trace, for labels and `coruja monitor`.")
    log_days: float = Field(90.0, gt=0, description="Days that answers without a label are kept.")
    webhook: str | None = Field(None, description="Address that `coruja monitor --alert` posts its alarms to.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the web chat; a free one is taken if it is busy.")

    def answering(self) -> dict[str, Any]:
        """Return the settings that answers depend on, by name, as JSON has them; those of a table as `table.name`."""
        kept = {name: value for name, value in self.model_dump(mode="json").items() if name in _ANSWERING}
        tables = {name: kept.pop(name) for name in TABLES if name in kept}
        return kept | {f"{table}.{name}": value for table, own in tables.items() for name, value in own.items()}


_ANSWERING = frozenset(
    {
        *("writer", "model", "unverified", "temperature", "seed", "k", "caution", "evidence", "redact"),
        *("embedder", "query_prompt", "passage_prompt", "meaning", "reranker"),
    }
)

TABLES: Mapping[str, type[BaseModel]] = {"index": IndexSettings, "gate": GateSettings, "evidence": EvidenceSettings}
"""The settings that are tables of their own in `coruja.toml`, by name."""


def load_settings(file: Path, **overrides: object) -> Settings:
    """Read the settings: overrides, then the environment, then `file` if it is there, then the defaults.

    Raises:
        SettingsError: The file is not TOML, or a setting has an unknown name or an unusable value.
    """

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, _stored(file))

    given = {name: value for name, value in overrides.items() if value is not None}
    for variable in os.environ:
        if variable.upper().startswith(_PREFIX) and _key(variable) not in _known():
            raise _unknown(_key(variable), f"the variable {variable}", f"unset {variable}")
    with explained(given, file):
        return FromFile(**given)  # type: ignore[arg-type] # checked by pydantic


@contextmanager
def explained(given: Mapping[str, object], file: Path) -> Iterator[None]:
    """Turn what reading the settings raises into `SettingsError`.

    Args:
        given: What stands above the environment and the file.
        file: The settings file.
    """
    try:
        yield
    except ValidationError as error:
        raise _settings_error(error.errors()[0], given, file) from error
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The settings file {file} cannot be read ({error}).", "Correct it, or remove it."
        ) from error


def _stored(file: Path) -> dict[str, Any]:
    """Return what the file says, in whatever encoding: Notepad marks UTF-8, and PowerShell's `>` writes UTF-16."""
    try:
        return tomllib.loads(decode(file.read_bytes())) if file.is_file() else {}
    except CorpusError as error:
        raise ValueError(error.message) from error


def _settings_error(problem: Mapping[str, Any], given: Mapping[str, object], file: Path) -> SettingsError:
    if problem["type"] == "extra_forbidden":
        return _unknown(".".join(map(str, problem["loc"])), str(file), f"remove it from {file.name}")
    known = _known()
    name = next(path for path in (".".join(map(str, problem["loc"][:depth])) for depth in (2, 1)) if path in known)
    variable = f"{_PREFIX}{name.upper().replace('.', _NESTED)}"
    if name in given:
        option = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
        step = f"For example: {option} {known[name].default}"
    elif variable in os.environ:
        step = f"Correct {variable}, or unset it."
    else:
        step = f"Correct it in {file.name}."
    return SettingsError(
        f"The setting '{name}' cannot be {problem['input']!r}: {_allowed(problem, known[name])}.", step
    )


def _allowed(problem: Mapping[str, Any], field: FieldInfo) -> str:
    least, most = (
        next((getattr(limit, bound) for limit in field.metadata if hasattr(limit, bound)), None)
        for bound in ("ge", "le")
    )
    if most is not None:
        return f"it has to be a number from {least} to {most}"
    if problem["type"] == "string_pattern_mismatch":
        return str(field.description).rstrip(".")
    return str(problem["msg"]).replace("Input should be", "it has to be")


def _key(variable: str) -> str:
    """Return the setting that an environment variable names, as `coruja.toml` names it: `index.store`."""
    return variable[len(_PREFIX) :].lower().replace(_NESTED, ".")


def _known() -> dict[str, FieldInfo]:
    """Return every setting by its name; those of a table stand beside it."""
    nested = {f"{table}.{name}": field for table, model in TABLES.items() for name, field in model.model_fields.items()}
    return {**Settings.model_fields, **nested}


def _unknown(name: str, where: str, remove: str) -> SettingsError:
    known = list(_known())
    nearest = get_close_matches(name, known, n=1)
    step = f"Did you mean '{nearest[0]}'? Otherwise {remove}." if nearest else f"{remove[0].upper()}{remove[1:]}."
    return SettingsError(f"There is no setting '{name}' ({where}).", f"{step} Settings are: {', '.join(known)}.")
