"""How long the first answer takes, and the embedded model behind it: `python -m benchmarks.start`.

Prints, as medians with the fastest and slowest of the runs: process start to printed answer on the shipped corpus with
the index built, for a question that a fact answers and one for which passages are read; `coruja --help`; importing and
loading the embedded model in a new process; and passages of 120 words embedded a second. Whole processes are told in
seconds of the clock and of the processor: the latter can be compared on a machine that has other things to do, too.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 9
FACT = "O que faz o SageMaker Clarify?"
PASSAGES = "Quem gerencia permissões de ML?"
# Without byte code, each start would compile what it imports.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
LOAD = """
import time
began = time.perf_counter()
from index.embedding.load import load_embedder
load_embedder("coruja").embed_query("vieses")
print(time.perf_counter() - began)
"""


def seconds(run: Callable[[], float]) -> str:
    """Run once to warm the disk's cache, then RUNS times, and tell the median and the extremes."""
    run()
    return spread([run() for _ in range(RUNS)])


def whole(*command: str) -> str:
    """Run a command as `seconds` does, and tell the seconds of the clock and those of the processor."""
    process(*command)
    taken = [process(*command) for _ in range(RUNS)]
    wall, cpu = zip(*taken, strict=True)
    return f"{spread(wall)}; processor {spread(cpu)}"


def spread(taken: Sequence[float]) -> str:
    """Tell the median and the extremes."""
    return f"{statistics.median(taken):.3f} s (of {len(taken)}: {min(taken):.3f} to {max(taken):.3f})"


def process(*command: str) -> tuple[float, float]:
    """Run a whole process and return its seconds of the clock, and of the processor, user and system."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def load() -> float:
    """Return the seconds that importing, loading and a first query take in a new process."""
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def passages_a_second(count: int = 4000) -> float:
    """Embed passages of 120 words drawn from the shipped page, all different."""
    from index.embedding.load import load_embedder

    words = (ROOT / "corpus" / "aws-sagemaker-e-seguranca.md").read_text(encoding="utf-8").split()
    passages = [" ".join(words[(at * 7 + step) % len(words)] for step in range(120)) for at in range(count)]
    embedder = load_embedder("coruja")
    began = time.perf_counter()
    embedder.embed_passages(passages)
    return count / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    coruja = str(Path(sys.executable).with_name("coruja"))
    with tempfile.TemporaryDirectory() as workspace:
        (Path(workspace) / "corpus").symlink_to(ROOT / "corpus")
        ask = (coruja, "--workspace", workspace, "ask", "--writer", "extractive")
        process(coruja, "--workspace", workspace, "index")
        print(f"load average {os.getloadavg()[0]:.1f}")
        print(f"a fact, cold:           {whole(*ask, FACT)}")
        print(f"passages read, cold:    {whole(*ask, PASSAGES)}")
    print(f"coruja --help:          {whole(coruja, '--help')}")
    print(f"embedded model, loaded: {seconds(load)}")
    print(f"passages a second:      {statistics.median(passages_a_second() for _ in range(3)):.0f}")


if __name__ == "__main__":
    main()
