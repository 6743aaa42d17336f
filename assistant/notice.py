"""What is told beside an answer when something was not as the settings asked, in English and in Portuguese.

An answer is in the language of its question; a notice is in the language of who shows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.errors import ModelUnavailable

_OTHER_MODEL = (
    "Choose another model (CORUJA_MODEL): coruja models",
    "Escolha outro modelo (CORUJA_MODEL): coruja models",
)
_OLLAMAS_LOG = ("Try again; see Ollama's log.", "Tente de novo; veja o registro do Ollama.")
_LESS_CONTEXT = (
    "Use fewer passages (CORUJA_K=5) or a model with a larger context (CORUJA_MODEL).",
    "Use menos trechos (CORUJA_K=5) ou um modelo de contexto maior (CORUJA_MODEL).",
)

_Pair = tuple[str, str]

_FAILURES: dict[str, tuple[_Pair, _Pair]] = {
    "ollama_away": (
        ("Ollama does not answer at {url}.", "O Ollama não responde em {url}."),
        ("Start it with: ollama serve", "Inicie-o com: ollama serve"),
    ),
    "not_ollama": (
        ("What answers at {url} is not Ollama.", "Em {url} responde algo que não é o Ollama."),
        ("Check CORUJA_OLLAMA_URL.", "Confira CORUJA_OLLAMA_URL."),
    ),
    "model_missing": (
        ("Ollama does not have the model {model}.", "O Ollama não tem o modelo {model}."),
        ("Download it with: ollama pull {model}", "Baixe-o com: ollama pull {model}"),
    ),
    "package_missing": (
        ("The model {model} needs the package {package}.", "O modelo {model} precisa do pacote {package}."),
        ("Install it with: pip install {package}", "Instale-o com: pip install {package}"),
    ),
    "provider_failed": (
        ("The model {model} failed: {said}", "O modelo {model} falhou: {said}"),
        ("Check the key, the name and the network.", "Confira a chave, o nome e a rede."),
    ),
    "model_failed": (
        ("The model {model} failed: {said}", "O modelo {model} falhou: {said}"),
        _OLLAMAS_LOG,
    ),
    "only_thought": (
        ("The model {model} only thought and did not answer.", "O modelo {model} só raciocinou e não respondeu."),
        _OTHER_MODEL,
    ),
    "thought_aloud": (
        ("The model {model} mixed thinking and answer.", "O modelo {model} misturou raciocínio e resposta."),
        _OTHER_MODEL,
    ),
    "empty": (("The model {model} answered nothing.", "O modelo {model} respondeu vazio."), _OTHER_MODEL),
    "too_large": (
        ("The model {model} does not fit into memory.", "O modelo {model} não cabe na memória."),
        _OTHER_MODEL,
    ),
    "slow": (
        ("The model {model} did not answer within {seconds} s.", "O modelo {model} não respondeu em {seconds} s."),
        (
            "Choose a smaller model (CORUJA_MODEL) or wait longer (CORUJA_OLLAMA_TIMEOUT).",
            "Escolha um modelo menor (CORUJA_MODEL) ou espere mais (CORUJA_OLLAMA_TIMEOUT).",
        ),
    ),
    "stopped": (("Ollama stopped in the middle of the answer.", "O Ollama parou no meio da resposta."), _OLLAMAS_LOG),
    "connection_lost": (("The connection to Ollama broke.", "A ligação com o Ollama caiu."), _OLLAMAS_LOG),
    "refused": (
        ("Ollama stopped with an error: {reason}.", "O Ollama parou com um erro: {reason}."),
        ("See Ollama's log.", "Veja o registro do Ollama."),
    ),
    "reply_cut": (
        ("The model {model} stopped in the middle of a sentence.", "O modelo {model} parou no meio da frase."),
        ("Ask something more specific.", "Faça uma pergunta mais específica."),
    ),
    "context_small": (
        (
            "The context of the model {model} is too small for this question.",
            "O contexto do modelo {model} é pequeno demais para esta pergunta.",
        ),
        _LESS_CONTEXT,
    ),
    "prompt_cut": (
        (
            "Ollama cut the prompt: the model {model} read {read} of at least {least} tokens.",
            "O Ollama cortou a pergunta: o modelo {model} leu {read} de pelo menos {least} partes (tokens).",
        ),
        _LESS_CONTEXT,
    ),
    "busy": (
        (
            "Ollama has too many questions waiting, and did not take this one within {seconds} s.",
            "O Ollama tem perguntas demais na fila, e não aceitou esta em {seconds} s.",
        ),
        ("Ask again in a moment.", "Pergunte de novo daqui a pouco."),
    ),
    "found_nothing": (
        (
            "The model {model} found no answer in these passages.",
            "O modelo {model} não achou resposta nestes trechos.",
        ),
        ("Read them, or ask in other words.", "Leia-os, ou pergunte com outras palavras."),
    ),
    "little_supported": (
        (
            "The documents support too little of what the model {model} wrote.",
            "Os documentos sustentam muito pouco do que o modelo {model} escreveu.",
        ),
        ("To try with another model: CORUJA_MODEL=NAME", "Para tentar com outro modelo: CORUJA_MODEL=NOME"),
    ),
    "nothing_supported": (
        (
            "Nothing that the model {model} wrote is in the documents.",
            "Nada do que o modelo {model} escreveu está nos documentos.",
        ),
        ("To try with another model: CORUJA_MODEL=NAME", "Para tentar com outro modelo: CORUJA_MODEL=NOME"),
    ),
    "other_language": (
        (
            "The model {model} did not answer in the language of the question, not even when it was told again.",
            "O modelo {model} não respondeu na língua da pergunta, nem quando se insistiu.",
        ),
        ("To try with another model: CORUJA_MODEL=NAME", "Para tentar com outro modelo: CORUJA_MODEL=NOME"),
    ),
}
"""Why a model did not write: what happened, and what to type next, each in English and in Portuguese."""

_REMARKS: dict[str, _Pair] = {
    "quoting": (
        "Answered by quoting the documents, without a language model.",
        "Respondi citando os documentos, sem modelo de linguagem.",
    ),
    "damaged": (
        "The served index could not be opened; answered from the last whole generation.",
        "O índice servido não pôde ser aberto; respondi com a última geração íntegra. Conserte-o com: coruja index",
    ),
    "outdated": (
        "The index is behind the documents: what was changed last is not in this answer.",
        "O índice está atrasado: falta aqui o que mudou por último nos documentos. Veja por quê com: coruja index",
    ),
    "dropped_one": (
        "One sentence of the model was left out, because the documents do not support it.",
        "Uma frase do modelo ficou de fora, porque os documentos não a sustentam.",
    ),
    "dropped": (
        "{count} sentences of the model were left out, because the documents do not support them.",
        "{count} frases do modelo ficaram de fora, porque os documentos não as sustentam.",
    ),
    "marked": (
        "The documents do not support what is marked as not verified.",
        "Os documentos não sustentam o que está marcado como não verificado.",
    ),
    "cut": (
        "The model stopped in the middle of a sentence, which was left out.",
        "O modelo parou no meio de uma frase, que ficou de fora.",
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One plain line about how an answer came about.

    Attributes:
        english: The line.
        portuguese: The same in Portuguese.
        lasting: Whether it says how things stand (Ollama away) and not what became of this answer: in a conversation
            it is told once (see `news`).
        name: What happened, as the tables here call it, for programs to tell by.
        count: How many sentences were left out, where it tells of that.
    """

    english: str
    portuguese: str
    lasting: bool = False
    name: str = ""
    count: int = 0


class ModelFailure(ModelUnavailable):
    """The chat model did not answer, or not usefully, told in English and in Portuguese.

    Args:
        name: What happened: a key of the table above.
        **values: What its text names.
    """

    def __init__(self, name: str, **values: str) -> None:
        happened, step = _FAILURES[name]
        super().__init__(happened[0].format(**values), step[0].format(**values))
        self.name = name
        self.portuguese = f"{happened[1].format(**values)} {step[1].format(**values)}"


def remark(name: str, **values: str) -> Notice:
    """Return a notice on what became of one answer."""
    english, portuguese = _REMARKS[name]
    count = int(values.get("count", name == "dropped_one"))
    return Notice(english.format(**values), portuguese.format(**values), name=name, count=count)


def quoting(failure: ModelUnavailable, *, lasting: bool) -> Notice:
    """Return the notice that documents are quoted because a model did not write."""
    english, portuguese = _REMARKS["quoting"]
    if isinstance(failure, ModelFailure):
        return Notice(f"{english} {failure}", f"{portuguese} {failure.portuguese}", lasting, failure.name)
    return Notice(f"{english} {failure}", f"{portuguese} {failure}", lasting, "model_failed")


def damaged(problem: str) -> Notice:
    """Return the notice that an earlier generation answered; `problem` says what is wrong with the served one."""
    english, portuguese = _REMARKS["damaged"]
    return Notice(f"{english} {problem}", portuguese, lasting=True)


def outdated(problem: str) -> Notice:
    """Return the notice that the documents changed and the index could not; `problem` says why."""
    english, portuguese = _REMARKS["outdated"]
    return Notice(f"{english} {problem}", portuguese, lasting=True)


def news(notices: Iterable[Notice], before: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return the notices of an answer without what already held, and was told, at the answer before it."""
    told = set(before)
    return tuple(notice for notice in notices if not (notice.lasting and notice in told))
