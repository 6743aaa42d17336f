"""The structure in figures: `python tests/house/structure.py` prints them for this checkout, or for the one named."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[2]
FOLDERS = ("ingest", "index", "assistant", "ui", "eval")
BESIDE = ("tests", "training", "benchmarks")


def python_files(root: Path, folders: tuple[str, ...] = FOLDERS) -> list[Path]:
    """Return the Python files of these folders."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def files_by_folder(root: Path) -> Counter[str]:
    """Return how many Python files each folder holds itself, those beside the product too."""
    return Counter(str(path.parent.relative_to(root)) for path in python_files(root, FOLDERS + BESIDE))


def lines_by_file(root: Path) -> Counter[str]:
    """Return how many lines each Python file has."""
    return Counter(
        {
            str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines())
            for path in python_files(root, FOLDERS + BESIDE)
        }
    )


def function_lengths(root: Path) -> list[int]:
    """Return the lines of every function of the product, from `def` to its end, without its docstring."""
    return [
        _length(node)
        for path in python_files(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    said = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) and first.end_lineno else 0
    return (function.end_lineno or 0) - function.lineno + 1 - said


def circles(root: Path) -> list[list[str]]:
    """Return the sets of files that import each other in a circle; late imports and those for types count."""
    imports = {_module(root, path): path for path in python_files(root)}
    graph = {name: set(_imported(path, imports)) - {name} for name, path in imports.items()}
    reach = {name: _reached(name, graph) for name in graph}
    found = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph if name in reach[name]}
    return sorted(sorted(circle) for circle in found)


def _module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inside if name in modules)
            if node.module in modules and not set(inside) <= set(modules):
                yield node.module


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    return reached


def main() -> None:
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    folders, files, lengths = files_by_folder(root), lines_by_file(root), function_lengths(root)
    product = [count for name, count in files.items() if name.partition("/")[0] in FOLDERS]
    print("Python files a folder, most:", ", ".join(f"{name} {count}" for name, count in folders.most_common(8)))
    print("lines a file, most:", ", ".join(f"{name} {count}" for name, count in files.most_common(8)))
    print(f"product: {len(product)} files, {sum(product)} lines, median {median(product)}, above 350:", end=" ")
    print(sum(count > 350 for count in product))
    print(f"functions: {len(lengths)}, median {median(lengths)} lines, 95 % within {quantiles(lengths, n=20)[-1]:.0f}")
    print(f"circles: {circles(root) or 'none'}")


if __name__ == "__main__":
    main()
