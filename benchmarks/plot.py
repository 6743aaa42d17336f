"""Draws a results file of `benchmarks.peers`: `python -m benchmarks.plot FILE.json` writes FILE.svg beside it."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

SYSTEMS = {"coruja": "#b5651d", "langchain": "#4c72b0", "chroma": "#55a868", "txtai": "#8172b3"}
MEASURES = {
    "build, s": lambda found: found["build"]["wall_s"],
    "cold answer, s": lambda found: median(found["cold_s"]),
    "query p50, ms": lambda found: float(np.percentile(found["query_ms"], 50)),
    "edit, told which, s": lambda found: median(found["edit_told_s"]),
    "edit, found out, s": lambda found: median(found["edit_found_out_s"]),
    "memory, MB": lambda found: found.get("memory_mb", float("nan")),
    "disk, MB": lambda found: found["disk_mb"],
}


def main() -> None:
    """Draw a panel a measure, a group of bars a corpus."""
    file = Path(sys.argv[1])
    corpora: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["corpora"]
    figure, panels = plt.subplots(2, 4, figsize=(14, 6), layout="constrained")
    for panel, (label, value) in zip(panels.flat, MEASURES.items(), strict=False):
        for at, (system, colour) in enumerate(SYSTEMS.items()):
            heights = [value(found[system]) if "build" in found.get(system, {}) else 0 for found in corpora.values()]
            panel.bar(np.arange(len(corpora)) + at * 0.2, heights, 0.2, color=colour, label=system)
        panel.set_title(label)
        panel.set_yscale("log")
        labels = [f"{found['documents']} files" for found in corpora.values()]
        panel.set_xticks(np.arange(len(corpora)) + 0.3, labels)
    panels.flat[-1].axis("off")
    panels.flat[-1].legend(*panels.flat[0].get_legend_handles_labels(), loc="center", frameon=False)
    figure.savefig(file.with_suffix(".svg"))


if __name__ == "__main__":
    main()
