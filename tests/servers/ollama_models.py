"""Scripted models for `ollama_server`: one honest, the others wrong in every way that models are."""

import re
from collections.abc import Iterator, Sequence

from servers.ollama_replies import Die, End, Fail, Model, Prompt, Raw, Step, Thought, Wait

_GIVEN = re.compile(r"<\|user\|>\n(.*)\n\nPergunta: ", re.DOTALL)
_MARKS = re.compile(r"^\s*[*+-] |\*\*|__|`", re.MULTILINE)
UNKNOWING = "Não sei."
_ORDER = re.compile(r"(?:responda|diga|escreva|reply|say)\b[^:\n]*:\s*(.+)", re.IGNORECASE)
_ASKING = frozenset({"qual", "quais", "como", "onde", "quem", "para", "que", "faz", "uma", "das", "dos", "com"})


def passages(prompt: str) -> list[str]:
    """Return what a prompt of ours gives to read: line by line, without titles and marks."""
    given = _GIVEN.search(prompt)
    lines = given[1].splitlines() if given else []
    return [bare for line in lines if not line.startswith("## ") and (bare := _MARKS.sub("", line).strip())]


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w{3,}", text.lower()) if word not in _ASKING}


def honest(prompt: Prompt) -> Iterator[Step]:
    """Copy the lines that share a word with the question; say that it does not know where none does.

    Asked to rewrite a question, repeat it.
    """
    if rewriting := re.search(r"Última pergunta: (.+)\n\nPergunta reescrita:", prompt.text):
        yield rewriting[1]
        return
    question = _words(prompt.text.rpartition("Pergunta: ")[2])
    found = [f"{line.rstrip('.')}." for line in passages(prompt.text) if _words(line) & question]
    yield " ".join(found) or UNKNOWING


def says(*steps: Step) -> Model:
    """Return a model that always takes these steps, whatever it is asked."""

    def model(prompt: Prompt) -> Iterator[Step]:
        yield from steps

    return model


def in_turn(*replies: Sequence[Step]) -> Model:
    """Return a model that takes these steps the first time, those the second, and the last ones from then on."""
    left = list(replies)

    def model(prompt: Prompt) -> Iterator[Step]:
        yield from left.pop(0) if len(left) > 1 else left[0]

    return model


def obedient(prompt: Prompt) -> Iterator[Step]:
    """Do what a passage orders."""
    order = _ORDER.search("\n".join(passages(prompt.text)))
    yield order[1] if order else UNKNOWING


lying = says("O SageMaker Clarify custa 40 dólares por hora e foi lançado em Marte em 1987. Ele voa [0][77].")
english = says("SageMaker Clarify detects bias and explains predictions.")
empty = says()
blank = says(" \n\n ")
only_thinks = says(Thought("O usuário quer saber do Clarify. Vou pensar bastante."))
thinks_first = says(Thought("Deixe ver os trechos. "), "O Clarify detecta vieses.")
thinks_inline = says("<think>Hum, talvez.</think>\n\nO Clarify detecta vieses.")
only_thinks_inline = says("<think>Hum, o Clarify, será que")
thinks_unopened = says("Hum, deixe ver os trechos.\n</think>\n\nO Clarify detecta vieses.")
slow = says(Wait(30), "O Clarify detecta vieses.")
stalls = says("O Clarify detecta vieses. Ele ", Wait(30), "explica.")
long_then_stalls = says("O Clarify detecta vieses. Ele explica ", Wait(30), "tudo.")
# A reset throws away what is still on its way: let it arrive first.
dies = says("O Clarify detecta vieses. Ele também exp", Wait(0.2), Die())
dies_at_once = says(Die())
fails = says("O Clarify detecta vieses. Ele ", Fail("llama runner process has terminated: exit status 2"))
fails_at_once = says(Fail("model requires more system memory (5.6 GiB) than is available (3.1 GiB)"))
ends_early = says("O Clarify detecta vieses. Ele ", End(""))
cut = says("O Clarify detecta vieses. Ele também fornece explicabi", End("length"))
cut_at_once = says("O Clarify detecta vie", End("length"))
repeats = says(*["O Clarify detecta vieses. "] * 2000)
loads = says(End("load"))
no_json = says(Raw(b"<html><body>502 Bad Gateway</body></html>\n"))
other_json = says(Raw(b'["isto", "e uma lista"]\n'))
