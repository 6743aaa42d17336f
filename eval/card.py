"""The card: what is served, how well it answers and where it fails, for whoever has to decide about using it.

After "Model Cards for Model Reporting" (Mitchell et al. 2019), for a whole assistant: documents, models, settings,
measures by group, known failures, licences. Nothing is measured for it: the figures are those of a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any

from assistant.models.catalogue import catalogue as chat_models
from assistant.settings import Settings
from assistant.workspace.folder import corpus_folder
from eval.report import DocumentCount, Report
from eval.row import Row
from index.embedding.catalogue import Kind, find
from index.embedding.embedder import EMBEDDED
from index.manifest import Manifest
from ingest.redaction import masked_kinds

FAILURES = 10
"""How many questions that went wrong, and documents that are neglected or wrongly preferred, are named."""
UNKNOWN = "see its publisher"

_LICENCE_FILES = ("licen", "copying")
_LONGEST_LICENCE = 40  # characters; what is longer is the licence's text, not its name


@dataclass(frozen=True, slots=True)
class Part:
    """A model that takes part in answers: what for, its name, what else there is to say, and its licence."""

    role: str
    name: str
    says: str
    licence: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a workspace serves.

    Attributes:
        name: The workspace's name.
        served: What is known of the documents and their index, by name.
        parts: The models.
        settings: What answers depend on: name, value, and whether the owner chose it.
        report: The run that the figures are of; None where none is.
        same: Whether that run measured what is served now, with these settings.
        licences: Of the programs, by licence; the documents' own under "documents".
    """

    name: str
    served: Mapping[str, str]
    parts: tuple[Part, ...]
    settings: tuple[tuple[str, str, bool], ...]
    report: Report | None
    same: bool
    licences: Mapping[str, str]

    @property
    def failures(self) -> list[Row]:
        """The questions that went wrong, the surest first."""
        return self.report.worst(FAILURES) if self.report else []

    @property
    def never_found(self) -> list[DocumentCount]:
        """Documents that are asked about and never among the hits, the most asked about first."""
        return [each for each in self._documents() if each.asked and not each.found][:FAILURES]

    @property
    def preferred(self) -> list[DocumentCount]:
        """Documents that are cited first though others answer, the most often first."""
        found = [each for each in self._documents() if each.preferred]
        return sorted(found, key=lambda each: -each.preferred)[:FAILURES]

    def _documents(self) -> list[DocumentCount]:
        return self.report.documents() if self.report else []

    def to_dict(self) -> dict[str, Any]:
        """Return the card as a JSON object; of the run what was measured, its figures and what failed."""
        told: dict[str, Any] = {
            "name": self.name,
            "served": dict(self.served),
            "models": [asdict(part) for part in self.parts],
            "settings": {name: value for name, value, _ in self.settings},
            "chosen": [name for name, _, chosen in self.settings if chosen],
            "measured": None,
            "licences": dict(self.licences),
        }
        if self.report:
            whole = self.report.to_dict()
            told["measured"] = {
                **{name: whole[name] for name in ("made", "measures", "groups")},
                "served_now": self.same,
                "failures": [row.to_dict() for row in self.failures],
                "never_found": [each.doc for each in self.never_found],
                "wrongly_preferred": [each.doc for each in self.preferred],
            }
        return told


def make_card(workspace: Path, settings: Settings, manifest: Manifest, report: Report | None) -> Card:
    """Return the card of a workspace.

    Args:
        workspace: The workspace.
        settings: Its settings.
        manifest: Of the generation that is served.
        report: The run that the figures are of; None where nothing was measured.
    """
    now, default = settings.answering(), Settings.model_construct().answering()
    return Card(
        workspace.name,
        _served(workspace, settings, manifest),
        _parts(settings, manifest),
        tuple((name, _plain(value), value != default[name]) for name, value in now.items()),
        report,
        report is not None and _measured(report) == (manifest.generation, now),
        {"documents": _documents_licence(workspace, settings), **_licences()},
    )


def _measured(report: Report) -> tuple[object, object]:
    return report.made.get("generation"), report.made.get("settings")


def _served(workspace: Path, settings: Settings, manifest: Manifest) -> dict[str, str]:
    return {
        "documents": f"{manifest.documents:,} in {corpus_folder(workspace, settings).name}",
        "chunks": f"{manifest.chunks:,}",
        "left out": ", ".join(settings.exclude) or "nothing",
        "masked": masked_kinds(manifest.redaction) or "nothing",
        "generation": f"{manifest.generation}, built {manifest.created[:16].replace('T', ' ')} UTC",
        "kept in": {"faiss": "a folder of this workspace", "milvus": "a Milvus server"}[settings.index.store],
        "recipe": f"splitter {manifest.splitter}, analyser {manifest.analyser}, format {manifest.format}",
        "Coruja": version("coruja"),
    }


def _parts(settings: Settings, manifest: Manifest) -> tuple[Part, ...]:
    name, vectors = manifest.embedder, f"{manifest.dimension} dimensions, {manifest.fingerprint}"
    reads = "comes with Coruja: tells which passages answer, and how surely"
    parts = [
        Part("embedder", name, vectors, _licence("embedder", name)),
        Part("reader", "multilingual cross-encoder", reads, "MIT"),
    ]
    if settings.meaning and name == EMBEDDED:
        says = "comes with Coruja: reads the documents after they are served, for what they mean"
        parts.append(Part("encoder", "multilingual-e5-small", says, "MIT"))
    if name := settings.reranker or "":
        parts.append(Part("reranker", name, "orders the best hits anew", _licence("reranker", name)))
    if settings.writer == "extractive":
        return (*parts, Part("writer", "none", "answers quote the documents word for word", ""))
    known = {model.name: model.licence for model in chat_models()}
    writes = "writes where it can be reached, every sentence checked against the documents; else they are quoted"
    checks = "comes with Coruja: tells whether a passage says a sentence"
    return (
        *parts,
        Part("writer", settings.model, writes, known.get(settings.model, UNKNOWN)),
        Part("checker", "multilingual cross-encoder", checks, "MIT"),
    )


def _licence(kind: Kind, name: str) -> str:
    model = find(kind, name)
    return model.licence if model else UNKNOWN


def _plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "unset" if value is None else str(value)


def _documents_licence(workspace: Path, settings: Settings) -> str:
    beside = [path for folder in (corpus_folder(workspace, settings), workspace) for path in folder.iterdir()]
    found = sorted({path.name for path in beside if path.name.lower().startswith(_LICENCE_FILES) and path.is_file()})
    return f"see {', '.join(found)} beside them" if found else "not stated beside them: ask whoever wrote them"


def _licences() -> dict[str, str]:
    """Return the licences of Coruja and of the packages that it asks for, each with what stands under it."""
    found: dict[str, list[str]] = {}
    for requirement in requires("coruja") or ():
        name = requirement.partition(";")[0].strip()
        name = name[: next((at for at, char in enumerate(name) if char in "[<>=!~ ("), len(name))]
        if "extra ==" in requirement:
            continue
        try:
            found.setdefault(_licence_of(name), []).append(f"{name} {version(name)}")
        except PackageNotFoundError:  # of another platform
            continue
    packages = {licence: ", ".join(sorted(names, key=str.lower)) for licence, names in sorted(found.items())}
    return {"Coruja": "Apache-2.0", **packages}


def _licence_of(package: str) -> str:
    """Return the licence that a package names: as an expression, as a word, or as a classifier."""
    told = metadata(package)
    classifiers = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if "License ::" in each]
    if "License-Expression" in told:
        return str(told["License-Expression"])
    named = str(told["License"]) if "License" in told else ""
    short = len(named) <= _LONGEST_LICENCE and "\n" not in named
    return (named if short else "") or ", ".join(classifiers).removesuffix(" License") or "see the package"
