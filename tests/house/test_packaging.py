"""What is installed: pinned as a whole, without PyTorch, and complete when it is packed."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CUDA = ("torch", "nvidia", "cuda", "cupy", "triton")


def pins() -> dict[str, Requirement]:
    """Return the lines of `constraints.txt` by the name of their distribution."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def declared() -> list[Requirement]:
    """Return what is asked for; of the extra with PyTorch only where it is installed."""
    heavy = set() if find_spec("sentence_transformers") else {"sentence-transformers", "ocr", "mlflow", "test-extras"}
    extras = [texts for extra, texts in PROJECT["optional-dependencies"].items() if extra not in heavy]
    every = [Requirement(text) for texts in (PROJECT["dependencies"], *extras) for text in texts]
    return [requirement for requirement in every if requirement.name != "coruja"]


def test_every_pin_is_one_exact_public_version() -> None:
    for pin in pins().values():
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert Version(specifier.version).local is None, "a local version label is not to be had everywhere"
        assert pin.url is None


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    pinned = pins()
    for requirement in declared():
        (specifier,) = pinned[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(specifier.version), requirement.name


def test_the_whole_tree_is_pinned_and_installed_as_pinned() -> None:
    """Follow the dependencies of what is installed down to the last one."""
    pinned, waiting, seen = pins(), declared(), set[str]()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in seen or not _applies(requirement, {""}):
            continue
        seen.add(name)
        assert name in pinned, f"{name} is not in constraints.txt"
        (specifier,) = pinned[name].specifier
        assert Version(metadata.version(name)).public == specifier.version
        needed = (Requirement(text) for text in metadata.requires(name) or ())
        waiting += [below for below in needed if _applies(below, extras | {""})]
    assert len(seen) > 100


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def test_torch_is_pinned_without_a_label_so_that_a_cpu_build_is_taken() -> None:
    assert Version(str(next(iter(pins()["torch"].specifier)).version)).local is None


def test_the_base_asks_for_no_torch() -> None:
    names = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert not names & {"torch", "sentence-transformers", "transformers", "scipy", "ir-measures"}


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_neither_torch_nor_cuda_is_installed() -> None:
    names = {canonicalize_name(distribution.metadata["Name"]) for distribution in metadata.distributions()}
    assert not [name for name in names if name.startswith(CUDA)]


class TestMake:
    """`make install` by real make and pip, with a package index where nobody listens."""

    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, tmp_path)
        return tmp_path

    def test_an_installation_that_broke_off_is_no_installation(self, checkout: Path) -> None:
        for attempt in range(2):  # the second goes on in the environment that the first made
            run = make(checkout, "install")
            assert run.returncode != 0
            assert "Installing into .venv: about a minute" in run.stdout
            assert ("-m venv .venv" in run.stdout) == (attempt == 0)
            assert (checkout / ".venv" / "bin" / "pip").exists()
            assert make(checkout, "--question", "install").returncode == 1, "there is still something to do"

    @pytest.mark.parametrize("pins", ["constraints.txt", "pyproject.toml"])
    def test_changed_pins_are_installed(self, checkout: Path, pins: str) -> None:
        (checkout / ".venv" / "bin").mkdir(parents=True)
        for name in ("bin/python", ".installed"):
            (checkout / ".venv" / name).touch()
        assert make(checkout, "--question", "install").returncode == 0
        later = (checkout / ".venv" / ".installed").stat().st_mtime + 1
        os.utime(checkout / pins, (later, later))
        assert make(checkout, "--question", "install").returncode == 1

    def test_byte_code_is_written_even_where_the_environment_forbids_it(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        run = make(checkout, "--eval", "told: ; @env", "told")
        assert "PIP_DISABLE_PIP_VERSION_CHECK=1" in run.stdout
        assert "PYTHONDONTWRITEBYTECODE" not in run.stdout


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE"))}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *words],
        cwd=folder,
        env={**kept, **nowhere},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
