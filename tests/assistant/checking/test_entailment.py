"""What reads a sentence beside a passage: pairs that words hardly tell apart, and whatever else is written."""

import numpy as np
import pytest

from assistant.checking.entailment import MOST_SURE, logits_of

SIGNING = (
    "Assinatura\nO servidor assina cada pacote com a chave privada. O cliente confere a assinatura com a chave pública "
    "antes de instalar o pacote. Quem publica uma versão precisa da permissão de escrita; para baixar, da de leitura."
)
BACKUP = (
    "Cópias\nA cópia completa roda aos domingos e a incremental nos outros dias. Cópias com mais de trinta dias são "
    "apagadas, exceto as que foram marcadas para arquivo. Uma restauração interrompida recomeça do início."
)
CONCURRENCY = (
    "Concurrency\nReserved concurrency is free of charge. Provisioned concurrency keeps environments initialized, and "
    "incurs additional charges to your account. A function that is throttled returns an error with status 429."
)
PAIRS = [
    (
        SIGNING,
        "Antes da instalação, o cliente verifica a assinatura usando a chave pública.",
        "Depois da instalação, o cliente verifica a assinatura usando a chave pública.",
    ),
    (
        SIGNING,
        "É o servidor que assina os pacotes, com a chave privada.",
        "É o cliente que assina os pacotes, com a chave privada.",
    ),
    (
        SIGNING,
        "Para publicar uma versão é necessário ter permissão de escrita.",
        "Para baixar uma versão é necessário ter permissão de escrita.",
    ),
    (
        BACKUP,
        "As cópias com mais de trinta dias são removidas, a não ser que estejam marcadas para arquivo.",
        "Todas as cópias com mais de trinta dias são removidas, também as marcadas para arquivo.",
    ),
    (
        BACKUP,
        "A cópia completa é feita aos domingos.",
        "A cópia incremental é feita aos domingos.",
    ),
    (
        BACKUP,
        "Se a restauração for interrompida, ela volta ao começo.",
        "Se a restauração for interrompida, ela continua de onde parou.",
    ),
    (
        CONCURRENCY,
        "A simultaneidade reservada não tem custo.",
        "A simultaneidade provisionada não tem custo.",
    ),
    (
        CONCURRENCY,
        "Uma função limitada devolve um erro de status 429.",
        "Uma função limitada espera até que haja lugar.",
    ),
]


def test_a_passage_says_rather_what_follows_from_it_than_what_is_turned_round() -> None:
    read = [logits_of(sentence, [passage])[0] for passage, *pair in PAIRS for sentence in pair]
    true, false = np.array(read[::2]), np.array(read[1::2])
    assert (true > false).mean() >= 0.75, [*zip(true, false, strict=True)]


def test_a_passage_about_something_else_does_not_say_it() -> None:
    for passage, true, _ in PAIRS:
        others = [other for other in (SIGNING, BACKUP, CONCURRENCY) if other != passage]
        read = logits_of(true, [passage, *others])
        assert read[0] > read[1:].max(), true


def test_each_text_is_read_by_itself_and_never_counts_beyond_the_bound() -> None:
    sentence = PAIRS[0][1]
    together = logits_of(sentence, [SIGNING, BACKUP, SIGNING])
    assert together[0] == together[2] == logits_of(sentence, [SIGNING])[0]
    assert logits_of(SIGNING.partition("\n")[2], [SIGNING])[0] <= MOST_SURE
    assert logits_of(sentence, []).shape == (0,)


@pytest.mark.parametrize("text", ["", "\n", "🙂", "a" * 20_000])
def test_whatever_is_written_is_read(text: str) -> None:
    read = logits_of(text, [SIGNING, text])
    assert np.isfinite(read).all()
    assert np.abs(read).max() <= MOST_SURE
