"""What a question's wording tells: its shape, its language, what it is about."""

import pytest

from assistant.asking.language import language_of
from assistant.asking.question import informative_words, states_quantity, understand
from index.text.similar import alike, misspelled


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("O que é um endpoint?", "fact"),
        ("Quais serviços existem?", "list"),
        ("E quais são os módulos?", "list"),
        ("Liste as opções de backup", "list"),
        ("Que comandos o cliente aceita?", "list"),
        ("Mostre todos os parâmetros", "list"),
        ("Which services are there?", "list"),
        ("What does the gateway do?", "fact"),
        ("What is a gateway?", "fact"),
        ("Qual a diferença entre fila e tópico?", "comparison"),
        ("Compare o plano A com o plano B", "comparison"),
        ("Em que o cache difere do buffer?", "comparison"),
        ("Devo usar Postgres ou SQLite?", "comparison"),
        ("A fila e o tópico fazem a mesma coisa?", "comparison"),
        ("REST versus gRPC", "comparison"),
        ("What is the difference between a queue and a topic?", "comparison"),
    ],
)
def test_shape(text: str, kind: str) -> None:
    assert understand(text).kind == kind


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Qual é a diferença entre a fila rápida e o tópico?", ("fila rápida", "tópico")),
        ("Compare o plano A com o plano Beta.", ("plano A", "plano Beta")),
        ("Quando usar o cache e quando usar o buffer?", ("cache", "buffer")),
        ("Qual a diferença do cache para o buffer?", ("cache", "buffer")),
    ],
)
def test_sides_of_a_comparison(text: str, sides: tuple[str, str]) -> None:
    assert understand(text).sides == sides


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("O que faz o roteador?", "pt"),
        ("para que serve o Canvas", "pt"),
        ("como configuro a rede", "pt"),
        ("What does the router do?", "en"),
        ("how to configure networking", "en"),
        ("¿Para qué sirve el enrutador?", "es"),
        ("Cómo se configura la red?", "es"),
        ("Canvas", "pt"),
        ("", "pt"),
        ("12345", "pt"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_words_that_only_ask_are_not_informative() -> None:
    assert informative_words("Para que serve o roteador de borda?") == ("roteador", "borda")
    assert informative_words("para que srve isso") == ()  # misspelled, and still only asking
    assert informative_words("Qual é o preço do plano?") == ("preco", "plano")


def test_a_quantity_is_asked_for_and_stated() -> None:
    assert understand("Quantos nós cabem num cluster?").quantity == "Quantos"
    assert understand("Quanto custa?").quantity == ""
    assert states_quantity("Até 16 nós.")
    assert states_quantity("Centenas de nós.")
    assert not states_quantity("Muitos nós.")


class TestAlike:
    def test_the_same_stem_is_whole(self) -> None:
        assert alike(["configuracoes"], ["configuracao"])[0, 0] == 1.0

    @pytest.mark.parametrize(("asked", "said"), [("monitroamento", "monitoramento"), ("implantcao", "implantacao")])
    def test_a_typing_error_is_nearly_the_word(self, asked: str, said: str) -> None:
        assert 0.9 <= alike([asked], [said])[0, 0] < 1.0

    @pytest.mark.parametrize(("asked", "said"), [("preco", "preto"), ("casa", "caso"), ("ano", "uno")])
    def test_a_word_of_the_language_is_no_typing_error(self, asked: str, said: str) -> None:
        assert misspelled([asked], [said])[0, 0] == 0.0

    def test_shapes_and_nothing_to_compare(self) -> None:
        assert alike(["a", "b"], ["c", "d", "e"]).shape == (2, 3)
        assert alike([], ["c"]).shape == (0, 1)
        assert alike(["a"], []).shape == (1, 0)
