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
        f"O {subject} atende 40 mil usuários por 15 dólares.",
        f"O {subject}: {_lower(fact)} em 3 minutos.",
        f"O {subject} tem 12 recursos, entre eles: {_lower(fact)}.",
        f"O {subject} foi lançado em 12 de março de 2021.",
    ]


def wrong_name(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O SageMaker Nexus: {_lower(fact)}.",
        f"O {subject}, da Microsoft: {_lower(fact)}.",
        f"O {subject} usa TensorFlow: {_lower(fact)}.",
        f"O {subject} segue a norma LGPD: {_lower(fact)}.",
    ]


def flipped(subject: str, fact: str, other: str, moved: str) -> list[str]:
    without = re.sub(r"\bsem (?=\w)", "", fact)
    lies = [
        f"O {subject} não {_lower(fact)}.",
        f"O {subject} nunca {_lower(fact)}.",
        f"Não, o {subject} {_lower(fact)}.",
    ]
    return [*lies, f"O {subject}: {_lower(without)}."] if without != fact else lies


def moved_fact(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject}: {_lower(moved)}.",
        f"O {subject}: {_lower(moved)}.",
        f"O {subject}: {_lower(moved)}.",
        f"{other}: {_lower(fact)}.",
        f"O {subject}: {_lower(moved)}, enquanto o {other}: {_lower(fact)}.",
    ]


def invented(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject} envia relatórios semanais por correio aos gestores.",
        f"O {subject} corrige os erros sozinho e desliga os servidores ociosos.",
        f"Especialistas recomendam o {subject} para empresas pequenas.",
        f"O {subject} é gratuito para estudantes.",
        f"O {subject} foi descontinuado.",
    ]


def half_true(subject: str, fact: str, other: str, moved: str) -> list[str]:
    return [
        f"O {subject}: {_lower(fact)}, e envia relatórios semanais por correio aos gestores.",
        f"O {subject}: {_lower(fact)} e custa menos que os concorrentes.",
        f"O {subject}: {_lower(fact)}, mas só em datacenters da Europa.",
        f"O {subject}: {_lower(fact)} e {_lower(moved)}.",
    ]


KINDS: dict[str, Lies] = {
    lies.__name__: lies for lies in (wrong_number, wrong_name, flipped, moved_fact, invented, half_true)
}


TRUE = 3
"""True sentences among lies, at most."""


@dataclass
class Liar:
    """A model that tells lies of some kinds; if it is told to, one of each after true sentences.

    Attributes:
        told: Every lie told.
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
        for about, said in facts[:TRUE] if self.mixing else ():
            self.true.append(f"{about}: {_lower(said)}.")
            yield f"{about}: {_lower(said)}. "
        for lies in self.kinds:
            for lie in lies(subject, fact, other, moved)[: 1 if self.mixing else None]:
                self.told.append(lie)
                yield f"{lie} "


def _fact(passage: str) -> tuple[str, str] | None:
    """Return what a passage is about and what it says of it."""
    row = re.fullmatch(r"\w+: ([^;]+); .*: ([^;]+)", passage.rstrip("."))
    item = re.fullmatch(r"([^:]{3,50}): (.+)", passage.rstrip("."))
    found = row or item
    return (found[1], found[2]) if found else None
