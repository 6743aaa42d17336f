"""Whether what is missing is named: `python -m benchmarks.halves`, on the shipped page's own questions (the dev half).

Needless notices: questions that are answered as they stand, and of how many of those something is said to be missing
all the same. Planted words: to each direct, misspelt or unaccented question " para X" is added, X a word that the
page does not have; X has to be named. Second parts: a question that the page does not answer is added ("e quanto
custa?"); the first part has to be answered and the second one named.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.workspace.folder import read_settings

WORKSPACE = Path(__file__).parents[1]
DATASET = WORKSPACE / "eval" / "datasets" / "aws_sagemaker.jsonl"
ABSENT = (
    "fraude",
    "criptomoedas",
    "Kubernetes",
    "dengue",
    "satélites",
    "COBOL",
    "impressoras",
    "futebol",
    "blockchain",
)
UNANSWERED = ("quanto custa?", "quem o inventou?", "em que ano foi lançado?", "qual é o SLA?")


def main() -> None:
    """Ask, and print the counts."""
    assistant = Assistant.open(WORKSPACE, read_settings(WORKSPACE, writer="extractive"))
    rows = [json.loads(line) for line in DATASET.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if "dev" in row["tags"] and row["answerable"] and not row.get("history")]
    answered = [answer for row in rows if (answer := assistant.ask(row["question"])).status == "answered"]
    print(f"answered {len(answered)}, something needlessly named in {sum(bool(each.missing) for each in answered)}")
    chance = random.Random(1)  # noqa: S311 - not a secret
    direct = [row for row in rows if row["kind"] in ("direct", "unaccented", "typo")]
    planted = list(_planted(assistant, direct, chance))
    print(f"planted words {len(planted)}, named {sum(planted)}")
    halves = [assistant.ask(f"{_open(row)} e {chance.choice(UNANSWERED)}") for row in direct]
    print(f"second parts {len(halves)}, answered by half {sum(_by_half(each) for each in halves)}")
    assistant.close()


def _planted(assistant: Assistant, rows: list[dict[str, Any]], chance: random.Random) -> Iterator[bool]:
    for row in rows:
        word = chance.choice(ABSENT)
        answer = assistant.ask(f"{_open(row)} para {word}?")
        yield word in answer.missing or (answer.status == "abstained" and word in answer.text)


def _open(row: dict[str, Any]) -> str:
    return str(row["question"]).rstrip("?")


def _by_half(answer: Answer) -> bool:
    return answer.status == "answered" and bool(answer.missing)


if __name__ == "__main__":
    main()
