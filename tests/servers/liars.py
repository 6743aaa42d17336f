"""Scripted models that lie in one way each, and remember what they said.

A lie is made from the passages of the prompt, so that it sounds like the documents: the names are theirs, the facts are
changed, moved or invented.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from servers import ollama_models
from servers.ollama_replies import Prompt, Step

Lies = Callable[[str, str, str, str], list[str]]
"""From a passage's subject and fact, and another passage's, to lies."""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def wrong_number(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject} atende 40 mil usuários por 15 dólares [1].",
        f"O {subject}: {_lower(fact)} em 3 minutos [1].",
        f"O {subject} tem 12 recursos, entre eles: {_lower(fact)} [1].",
        f"O {subject} foi lançado em 12 de março de 2021 [1].",
    ]


def wrong_name(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O SageMaker Nexus: {_lower(fact)} [1].",
        f"O {subject}, da Microsoft: {_lower(fact)} [1].",
        f"O {subject} usa TensorFlow: {_lower(fact)} [1].",
        f"O {subject} segue a norma LGPD: {_lower(fact)} [1].",
    ]


def flipped(subject: str, fact: str, other: str, moved: str) -> list[str]:
    without = re.sub(r"\bsem (?=\w)", "", fact)
    lies = [
        f"O {subject} não {_lower(fact)} [1].",
        f"O {subject} nunca {_lower(fact)} [1].",
        f"Não, o {subject} {_lower(fact)} [1].",
    ]
    return [*lies, f"O {subject}: {_lower(without)} [1]."] if without != fact else lies


def moved_fact(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject}: {_lower(moved)} [1].",
        f"O {subject}: {_lower(moved)} [2].",
        f"O {subject}: {_lower(moved)}.",
        f"{other}: {_lower(fact)} [1][2].",
        f"O {subject}: {_lower(moved)}, enquanto o {other}: {_lower(fact)} [1][2].",
    ]


def invented(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject} envia relatórios semanais por correio aos gestores [1].",
        f"O {subject} corrige os erros sozinho e desliga os servidores ociosos [1].",
        f"Especialistas recomendam o {subject} para empresas pequenas [1].",
        f"O {subject} é gratuito para estudantes [1].",
        f"O {subject} foi descontinuado [1].",
    ]


def half_true(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject}: {_lower(fact)}, e envia relatórios semanais por correio aos gestores [1].",
        f"O {subject}: {_lower(fact)} e custa menos que os concorrentes [1].",
        f"O {subject}: {_lower(fact)}, mas só em datacenters da Europa [1].",
        f"O {subject}: {_lower(fact)} e {_lower(moved)} [1][2].",
    ]


KINDS: dict[str, Lies] = {
    lies.__name__: lies for lies in (wrong_number, wrong_name, flipped, moved_fact, invented, half_true)
}


@dataclass
class Liar:
    """A model that tells lies of some kinds, between true sentences if it is told to.

    Attributes:
        told: Every lie told, without its markers.
        true: Every true sentence told.
    """

    kinds: tuple[Lies, ...]
    mixing: bool = False
    told: list[str] = field(default_factory=list)
    true: list[str] = field(default_factory=list)

    def __call__(self, prompt: Prompt) -> Iterator[Step]:
        facts = [found for passage in ollama_models.passages(prompt.text) if (found := _fact(passage))]
        facts = facts or [("Amazon SageMaker", "plataforma completa para o ciclo de vida de Machine Learning")]
        (subject, fact), (other, moved) = facts[0], facts[1] if len(facts) > 1 else ("Lago Azul", "guarda peixes raros")
        if self.mixing:
            self.true.append(f"{subject}: {_lower(fact)}.")
            yield f"{subject}: {_lower(fact)} [1]. "
        for lies in self.kinds:
            for lie in lies(subject, fact, other, moved):
                self.told.append(re.sub(r" ?\[\d+\]", "", lie))
                yield f"{lie} "


def _fact(passage: str) -> tuple[str, str] | None:
    """Return what a passage is about and what it says of it."""
    line = passage.splitlines()[-1].rstrip(".")
    row = re.fullmatch(r"\w+: ([^;]+); .*: ([^;]+)", line)
    item = re.fullmatch(r"([^:]{3,50}): (.+)", line)
    found = row or item
    return (found[1], found[2]) if found else None
