"""Set the checker's threshold on data, and measure it on data held out.

    python -m training.weights.checker --data ../shared/data/train            # sets `checker.json`, then measures
    python -m training.weights.checker --data ../shared/data/train --measure  # measures what is set

A case is a sentence and the passages that it is judged against: one passage of the training pairs and four others of
the same source. True sentences are those of the passage: as they stand, framed, without what stands in parentheses, two
of them joined; and the second sentences of ASSIN pairs that the first entails. False ones are sentences of the passage
with a number, a name, a denial or a word changed, with a clause of another text added, with the subject of another
passage; sentences of passages that are not among the evidence; and the second sentences of ASSIN pairs that the first
does not entail (these share most of their words, and some are true all the same).

Chosen is the likeness of words with the highest recall of true sentences among those that let through at most one in
a hundred false ones of the documentation. A source is wholly in the half that chooses or wholly in the half held out.
"""

import argparse
import gzip
import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.checking.checker import Checker
from assistant.checking.claims import read_claims
from assistant.checking.entailment import enough
from index.hit import Hit
from ingest.chunk import Chunk
from ingest.splitting.sentences import sentence_spans

TARGET = Path(__file__).parents[2] / "assistant" / "checking" / "checker.json"
MOST_FALSE = 0.01  # share of false sentences let through
PASSAGES = 800
ASSIN_PAIRS = 800
GRID = (0.1, 0.25, 0.4, 0.6, 0.8, 1.0)
_VERBS = re.compile(
    r"\b(é|são|pode|podem|deve|devem|permite|permitem|usa|usam|fornece|fornecem|contém|está|estão|tem|têm|requer|"
    r"oferece|retorna|define|inclui|cria|executa|mostra|indica|precisa|funciona|suporta|representa|especifica|será|foi)\b"
)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?![\w.,]*\d)")
_WORD = re.compile(r"\b[^\W\d_]{5,}\b")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, the evidence that it is judged against, and whether that says it."""

    kind: str
    true: bool
    question: str
    sentence: str
    evidence: tuple[str, ...]


def main() -> None:
    """Set the threshold, or measure the one in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder of pairs_qp.jsonl.gz and sts_assin*.jsonl.")
    parser.add_argument("--measure", action="store_true", help="Change nothing.")
    asked = parser.parse_args()
    cases = list(documentation_cases(asked.data)) + list(assin_cases(asked.data))
    choosing = [case for case in cases if half(case) == 0]
    held_out = [case for case in cases if half(case) == 1]
    print(f"{len(choosing)} cases choose, {len(held_out)} are held out")
    if asked.measure:
        chosen = enough()
    else:
        chosen = choose(choosing)
        stored = json.loads(TARGET.read_text("utf-8")) | {"word": chosen}
        TARGET.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(f"word {chosen}")
    report(held_out, chosen)


def half(case: Case) -> int:
    """Return which half a case is in, by what it is judged against."""
    return hashlib.sha256(case.evidence[-1].encode()).digest()[0] % 2


def choose(cases: Sequence[Case]) -> float:
    """Return the likeness of the grid with the highest recall among those that let few false sentences through."""
    best: tuple[float, float] | None = None
    for likeness in GRID:
        passed = {case: supported(case, likeness) for case in cases}
        recall = share([passed[case] for case in cases if case.true])
        false = share([passed[case] for case in cases if not case.true and not case.kind.startswith("assin")])
        assin = share([passed[case] for case in cases if not case.true and case.kind.startswith("assin")])
        print(f"word {likeness}: recall {recall:.4f}, false {false:.4f}, ASSIN false {assin:.4f}", flush=True)
        if false <= MOST_FALSE and (best is None or recall > best[0]):
            best = (recall, likeness)
    if best is None:
        raise SystemExit("No likeness of the grid keeps false sentences out.")
    return best[1]


def report(cases: Sequence[Case], likeness: float) -> None:
    """Print, by kind, the share let through, and precision and recall over all."""
    passed = {case: supported(case, likeness) for case in cases}
    kinds: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for case, let in passed.items():
        kinds[case.true, case.kind].append(let)
    for (true, kind), lets in sorted(kinds.items(), reverse=True):
        print(f"{'true ' if true else 'false'} {kind:22} {len(lets):5}  let through {share(lets):.4f}")
    for name, group in (("documentation", ""), ("ASSIN", "assin")):
        chosen = [case for case in cases if case.kind.startswith("assin") == bool(group)]
        right = sum(passed[case] for case in chosen if case.true)
        let = sum(passed[case] for case in chosen)
        print(f"{name}: precision {right / max(let, 1):.4f}, recall {right / sum(case.true for case in chosen):.4f}")


def share(lets: Sequence[bool]) -> float:
    """Return the share of what was let through."""
    return sum(lets) / len(lets) if lets else 0.0


def supported(case: Case, likeness: float) -> bool:
    """Tell whether the checker lets a sentence through."""
    return Checker(case.question, case_hits(case), likeness).check(case.sentence).supported


def case_hits(case: Case) -> list[Hit]:
    """Return the evidence of a case as passages of prose."""
    return [Hit(_chunk(text, place), 1.0 / place, place) for place, text in enumerate(case.evidence, 1)]


def _chunk(text: str, place: int) -> Chunk:
    return Chunk(f"c{place}", f"{place}.md", text, 0, len(text), 1, 1, (), 0, len(text), "prose", text)


def documentation_cases(data: Path, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Case]:
    """Yield true and false sentences about passages of the documentations that are wanted."""
    chance = random.Random(5)
    by_source: dict[str, dict[str, str]] = defaultdict(dict)
    with gzip.open(data / "pairs_qp.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            pair = json.loads(line)
            if 200 <= len(pair["p"]) <= 1200 and wanted(pair["src"]):
                by_source[pair["src"]][pair["p"]] = pair["q"]
    sources = [source for source, passages in sorted(by_source.items()) if len(passages) >= 12]
    for _ in range(PASSAGES):
        passages = by_source[chance.choice(sources)]
        passage, *others = chance.sample(sorted(passages), 6)
        yield from _cases_of(passages[passage], passage, others[:4], others[4], chance)


def _cases_of(question: str, passage: str, others: Sequence[str], absent: str, chance: random.Random) -> Iterator[Case]:
    sentences, foreign = _sentences(passage), _sentences(absent)
    if len(sentences) < 2 or not foreign:
        return
    evidence = (passage, *others)
    said = "\n".join(evidence).lower()
    sentence, second = chance.sample(sentences, 2)
    stranger = chance.choice(foreign)

    def case(kind: str, text: str, *, true: bool = False) -> Case:
        return Case(kind, true, question, text, evidence)

    yield case("copied", sentence, true=True)
    yield case("framed", f"Segundo a documentação, {sentence[0].lower()}{sentence[1:]}", true=True)
    yield case("joined", joined(sentence, second, ", e "), true=True)
    if (shorter := re.sub(r"\s*\([^()]*\)", "", sentence)) != sentence:
        yield case("shortened", shorter, true=True)
    if stranger.lower() not in said:
        yield case("of another passage", stranger)
        tail = re.split(r"[,;]\s", stranger)[-1].rstrip(".")
        if sum(word.telling for word in read_claims(tail).words) > 2:
            yield case("clause added", f"{joined(sentence, tail)}.")
    changed = changed_number(sentence, chance)
    if changed and changed.lower() not in said:
        yield case("number changed", changed)
    yield from (
        case(kind, text) for kind, text in falsified(sentence, others, absent, chance) if text.lower() not in said
    )


def joined(first: str, second: str, joint: str = " e ") -> str:
    """Return two sentences as one."""
    return f"{first.rstrip('. ')}{joint}{second[:1].lower()}{second[1:]}"


def changed_number(sentence: str, chance: random.Random) -> str:
    """Return a sentence with its first number changed; empty where it has none."""
    if not _NUMBER.search(sentence):
        return ""
    return _NUMBER.sub(lambda found: str(int(found[0]) + chance.randint(1, 9)), sentence, count=1)


def falsified(sentence: str, others: Sequence[str], absent: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield a sentence with a name, a denial or a word changed, each with what was done to it."""
    names = re.findall(r"(?<=[a-zà-ü,] )[A-Z][\w]{2,}", sentence)
    elsewhere = sorted(
        {*re.findall(r"(?<=[a-zà-ü,] )[A-Z][\w]{2,}", " ".join((*others, absent)))} - {*re.findall(r"\w+", sentence)}
    )
    if names and elsewhere:
        yield "name changed", sentence.replace(chance.choice(names), chance.choice(elsewhere))
    if re.search(r"\bnão ", sentence):
        yield "denial removed", re.sub(r"\bnão ", "", sentence, count=1)
    elif _VERBS.search(sentence):
        yield "denial added", _VERBS.sub(lambda verb: f"não {verb[0]}", sentence, count=1)
    plain = [word for word in _WORD.findall(sentence)[1:] if word.islower() and not word.endswith("mente")]
    strange = [
        word for word in _WORD.findall(absent) if word.islower() and word not in sentence and not word.endswith("mente")
    ]
    if plain and strange:
        old = chance.choice(plain)
        new = next((word for word in strange if word[-1] == old[-1] and read_claims(word).states), "")
        if new and read_claims(old).states:
            yield "word changed", sentence.replace(old, new)


def _sentences(passage: str) -> list[str]:
    parts = (passage[start:end] for start, end in sentence_spans(passage))
    return [part for part in parts if 6 <= len(part.split()) <= 40 and part.endswith(".") and part[0].isupper()]


def assin_cases(data: Path) -> Iterator[Case]:
    """Yield second sentences of ASSIN pairs, true where the first entails them."""
    chance = random.Random(7)
    pairs = [
        json.loads(line)
        for path in sorted(data.glob("sts_assin*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    for pair in chance.sample(pairs, ASSIN_PAIRS):
        true = pair["entailment"] != "None"
        yield Case("assin entailed" if true else "assin not entailed", true, "", pair["s2"], (pair["s1"],))


if __name__ == "__main__":
    main()
