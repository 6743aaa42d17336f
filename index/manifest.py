"""The manifest: what a built index is made of, so that it is never read as something else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from index.text.analyser import ANALYSER_VERSION
from ingest.chunk import SPLITTER_VERSION
from ingest.errors import IndexDamaged, IndexMismatch
from ingest.redaction import masked_kinds

FORMAT_VERSION = "3"
MANIFEST_NAME = "manifest.json"

_REBUILD = "Rebuild it: coruja index"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The identity and contents of one generation.

    Attributes:
        generation: Name of the generation: it follows from the documents and the recipe, so that the same
            corpus built the same way has the same name.
        created: When it was built, ISO 8601, UTC, to the microsecond.
        documents: Number of documents.
        chunks: Number of chunks.
        embedder: Name of the embedding model.
        dimension: Length of a vector.
        fingerprint: The embedder's fingerprint (name, dimension, prompts, hash of the weights).
        redaction: What was masked in the documents, and how (see `ingest.redaction.recipe`); empty for nothing.
        analyser: Version of the analyser.
        splitter: Version of the splitter.
        format: Version of the files' layout.
        segments: Number of stored rows of each segment, by name, in the order of their rows; some may be dead. In
            Milvus: of each shard, by number.
        files: Checksum (XXH3, 128 bits, hexadecimal) of every other file of the generation, by path within its folder.
    """

    generation: str
    created: str
    documents: int
    chunks: int
    embedder: str
    dimension: int
    fingerprint: str
    redaction: str = ""
    analyser: str = ANALYSER_VERSION
    splitter: str = SPLITTER_VERSION
    format: str = FORMAT_VERSION
    segments: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the manifest into its generation's folder."""
        (folder / MANIFEST_NAME).write_text(self.text() + "\n", encoding="utf-8")

    def text(self) -> str:
        """Return the manifest as JSON, sealed with a checksum of its own."""
        fields = asdict(self)
        return json.dumps({**fields, "seal": _seal(fields)}, ensure_ascii=False, indent=2)

    def files_of(self, segment: str) -> dict[str, str]:
        """Return the files of one segment with their checksums."""
        return {name: checksum for name, checksum in self.files.items() if name.startswith(f"{segment}/")}

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a generation.

        Raises:
            IndexDamaged: It is missing, is not a manifest, or is not as it was written.
            IndexMismatch: It is of another layout.
        """
        try:
            text = (folder / MANIFEST_NAME).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise _unusable(folder, error) from error
        return cls.parse(text, folder)

    @classmethod
    def parse(cls, text: str, where: Path | str) -> "Manifest":
        """Read a manifest from its JSON; `where` is for the error.

        Raises:
            IndexDamaged: It is not a manifest, or is not as it was written.
            IndexMismatch: It is of another layout.
        """
        try:
            fields = json.loads(text)
            seal, layout = fields.pop("seal", None), fields.get("format")
            if seal != _seal(fields) and (seal or layout == FORMAT_VERSION):
                raise ValueError("it is not as it was written")
            if layout != FORMAT_VERSION:
                raise _other_version("format", str(layout), FORMAT_VERSION)
            return cls(**fields)
        except (ValueError, TypeError, AttributeError) as error:
            raise _unusable(where, error) from error

    def check_recipe(self, fingerprint: str, embedder: str, redaction: str = "") -> None:
        """Refuse an index that was built by another recipe than the one in use.

        Raises:
            IndexMismatch: Another embedder, analyser, splitter, redaction or file layout built it.
        """
        used = {
            "format": (self.format, FORMAT_VERSION),
            "splitter": (self.splitter, SPLITTER_VERSION),
            "analyser": (self.analyser, ANALYSER_VERSION),
        }
        for part, (built, wanted) in used.items():
            if built != wanted:
                raise _other_version(part, built, wanted)
        if self.redaction != redaction:
            raise _masked_otherwise(masked_kinds(self.redaction), masked_kinds(redaction))
        if self.embedder != embedder:
            message = f"The index was built with the embedder '{self.embedder}', and '{embedder}' is in use now."
            raise IndexMismatch(message, _REBUILD)
        if self.fingerprint != fingerprint:
            message = f"The weights or the prompts of the embedder '{embedder}' are not those that built the index."
            raise IndexMismatch(message, _REBUILD)


def identity(contents: Mapping[str, str], fingerprint: str, redaction: str) -> str:
    """Return what an index of these documents is known by: the same recipe and contents have the same identity.

    Args:
        contents: Content hash of every document, by id.
        fingerprint: The embedder's.
        redaction: What is masked, and how.
    """
    recipe = (FORMAT_VERSION, SPLITTER_VERSION, ANALYSER_VERSION, fingerprint, redaction)
    described = repr((recipe, sorted(contents.items())))
    return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _unusable(where: Path | str, error: Exception) -> IndexDamaged:
    return IndexDamaged(f"The index in {where} has no usable {MANIFEST_NAME} ({error}).", "Run: coruja index")


def _other_version(part: str, built: str, wanted: str) -> IndexMismatch:
    message = f"The index was built by another version of Coruja: its {part} was {built}, and is {wanted} now."
    return IndexMismatch(message, _REBUILD)


def _masked_otherwise(built: str, wanted: str) -> IndexMismatch:
    if built == wanted:
        return IndexMismatch("The index was masked by another version of Coruja.", _REBUILD)
    message = f"The index was built with {built or 'nothing'} masked, and `redact` asks for {wanted or 'nothing'} now."
    keep = f". To keep it masked: CORUJA_REDACT={built}" if built else ""
    return IndexMismatch(message, f"{_REBUILD}{keep}")


def _seal(fields: Mapping[str, object]) -> str:
    """Return the checksum of a manifest's own fields."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
