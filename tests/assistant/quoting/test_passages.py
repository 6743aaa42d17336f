"""Passages: what is quoted is what a person would read, exact in the citation, shown without a generator's marks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.evidence.passage import find_passages, passage_source
from assistant.quoting.extractive import ExtractiveWriter
from assistant.workspace.build import build
from assistant.workspace.folder import read_settings
from index.hit import Hit
from ingest.markup.site_markup import as_shown

LONG = "\n".join(f"linha_{number} = calcular({number})" for number in range(400))
DOCUMENTS = {
    "instalacao.md": """---
title: Guia do servidor Tucano
---
# Instalar o servidor Tucano {#instalar}

:::tip Antes de começar
Confira se a porta 8443 está livre no firewall\\.
:::

Para instalar o servidor Tucano, siga estes passos:

1. Baixe o pacote de instalação.
2. Rode o instalador com a opção de serviço:

```bash
tucano install --service  # :::
```

3. Reinicie a máquina.

## Remover o servidor

Para remover o servidor Tucano, desinstale o serviço no painel de controle e apague a pasta de dados.
""",
    "licenca.md": """# Licença

O Tucano é distribuído sob a licença Mozilla Public License 2.0, que permite uso comercial.

## Registro de chamadas

As chamadas do servidor ficam gravadas por trinta dias no arquivo de auditoria.
""",
    "turnos.md": "# Turnos da portaria\n\nA portaria do Tucano trabalha nos seguintes turnos:\n\n"
    + "\n".join(
        f"- Turno {name}: os vigias {name}s conferem os crachás, anotam as placas dos carros, abrem a cancela para as "
        "entregas marcadas e passam o livro de ocorrências ao turno que vem depois deles."
        for name in ("matutino", "vespertino", "noturno", "substituto")
    )
    + "\n\nO livro de ocorrências fica guardado por cinco anos na sala do síndico, e ninguém o leva para casa.\n",
    "exemplo.md": f"# Exemplo de cálculo\n\nO exemplo completo de cálculo das linhas:\n\n```python\n{LONG}\n```\n",
}


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("guia")
    for name, text in DOCUMENTS.items():
        path = folder / "corpus" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    chosen = read_settings(folder, writer="extractive")
    build(folder, chosen)
    return Assistant.open(folder, chosen)


def exact(answer: Answer, guide: Assistant) -> bool:
    texts = {citation.doc: guide.index.document_text(citation.doc) for citation in answer.citations}
    return all(texts[each.doc][each.start : each.end] == each.quote for each in answer.citations)


def test_steps_are_shown_with_their_code_whole_and_without_the_generators_marks(guide: Assistant) -> None:
    answer = guide.ask("Como instalar o servidor Tucano?")
    assert answer.text.startswith("Segundo *")
    assert "Instalar o servidor Tucano*:" in answer.text
    assert "```bash\ntucano install --service  # :::\n```" in answer.text
    assert "3. Reinicie a máquina." in answer.text
    assert "\n:::" not in answer.text
    assert "{#" not in answer.text
    assert exact(answer, guide)


def test_the_stretch_that_answers_is_marked_inside_the_passage(guide: Assistant) -> None:
    citation = guide.ask("Qual é a licença do Tucano?").citations[0]
    assert citation.doc == "licenca.md"
    assert "Mozilla Public License" in citation.answering
    assert citation.highlight is not None
    assert citation.start <= citation.highlight[0] < citation.highlight[1] <= citation.end


def test_no_answer_is_a_page_and_a_fence_that_is_cut_is_closed(guide: Assistant) -> None:
    answer = guide.ask("Mostre o exemplo completo de cálculo das linhas")
    assert answer.status == "answered"
    assert exact(answer, guide)
    assert len(answer.text) <= 1800
    assert answer.text.count("```") % 2 == 0
    assert "``` [" not in answer.text


def test_a_title_however_long_takes_half_of_the_room_at_most(guide: Assistant) -> None:
    hits = guide.index.search("exemplo completo de cálculo das linhas", 10)
    passage = next(each for each in find_passages(hits, guide.index) if each.hit.chunk.kind == "code")
    assert 400 < len(passage_source(passage, guide.index, 1000, beside=5000)) <= 500


def test_a_list_is_shown_whole_with_what_introduces_it_and_once(guide: Assistant) -> None:
    answer = guide.ask("Em que turnos trabalha a portaria?")
    for name in ("nos seguintes turnos:", "matutino", "vespertino", "noturno", "substituto"):
        assert answer.text.count(name if name.endswith(":") else f"Turno {name}") == 1
    assert exact(answer, guide)


def test_two_questions_at_once_are_answered_within_the_length_of_one(guide: Assistant) -> None:
    answer = guide.ask("Mostre o exemplo completo de cálculo das linhas. Como instalar o servidor Tucano?")
    assert {citation.doc for citation in answer.citations} == {"exemplo.md", "instalacao.md"}
    assert exact(answer, guide)
    assert len(answer.text) <= 1800


def test_what_no_document_says_is_not_answered_by_the_nearest_passage(guide: Assistant) -> None:
    assert guide.ask("Quanto custa o plano anual de suporte técnico?").status == "abstained"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# Título {#titulo}", "# Título"),
        ('# Título<a name="titulo"></a>', "# Título"),
        (":::warning\nCuidado.\n:::", "Cuidado."),
        ("/// note | Nota\nTexto.\n///", "Texto."),
        ('!!! tip "Dica"\nTexto.', "**Dica**\nTexto."),
        ('=== "Linux"\nTexto.', "**Linux**\nTexto."),
        ("{* ../docs/a.py hl[1] *}\nTexto.", "Texto."),
        ("> [!NOTE]\n> Texto.", "Texto."),
        ("> > Se você", "Se você"),
        ('import X from "./x";\nTexto.', "Texto."),
        ('Um <Link to="/a">texto</Link>.', "Um texto."),
        ("Um {{< glossary_tooltip >}}texto.", "Um texto."),
        ("Console \\(opcional\\)\\.", "Console (opcional)."),
        ("Veja [a página](/pagina) e [outra][ref].", "Veja a página e outra."),
        (f"[Experimente](https://play.exemplo.org/#{'eNq' * 400}).", "Experimente."),
        ("![[Um mapa.]](http://a/1)![[Um mapa.]](http://a/2) Texto.", "Um mapa. Texto."),
        ("Use `[a](b)` e `\\(`.", "Use `[a](b)` e `\\(`."),
        ("Use `<KeepAlive>`<br/> e ``<T>``.", "Use `<KeepAlive>` e ``<T>``."),
        ("Fim <!-- `a` e `b` -->aqui.", "Fim aqui."),
        ("Veja <https://a.org/b?c=d> e <ana@a.org>.", "Veja <https://a.org/b?c=d> e <ana@a.org>."),
        ("Exceções (<xref:System.Data.DBConcurrencyException>).", "Exceções (DBConcurrencyException)."),
        ("O <xref:System.Data.DataSet.Clear%2A?displayProperty=nameWithType>.", "O DataSet.Clear."),
        ("O <xref:System.IO.File?displayProperty=fullName>.", "O System.IO.File."),
        ("<xref:System.String.Split(System.Char[])> e <xref:A.List%601>", "Split e List"),
        ("```md\n:::tip\n[a](b) {#c}\n```", "```md\n:::tip\n[a](b) {#c}\n```"),
        ("a < b e c > d", "a < b e c > d"),
    ],
)
def test_marks_of_site_generators_are_not_shown(written: str, shown: str) -> None:
    assert as_shown(written) == shown


@given(st.text(alphabet="ab<>{}[]()!:`~#\\/*\n \"'=%._|-", max_size=300))
def test_any_text_can_be_shown(text: str) -> None:
    assert len(as_shown(text)) <= len(text) + 4 * text.count("\n") + 4


def test_what_is_marked_stands_in_the_stretch_that_is_quoted(tmp_path: Path) -> None:
    """The best hit of a section may stand apart from the run in which more was found: that is another passage."""
    far = "Um parágrafo do relatório. " + "Outra frase qualquer do texto. " * 31
    facts = "- **Prazo:** o relatório sai em trinta dias.\n- **Autor:** o relatório é da diretoria.\n"
    (tmp_path / "corpus").mkdir()
    text = f"# Relatório\n\n{far}\n\n{facts}"
    (tmp_path / "corpus" / "a.md").write_text(text, encoding="utf-8")
    chosen = read_settings(tmp_path, writer="extractive")
    build(tmp_path, chosen)
    assistant = Assistant.open(tmp_path, chosen)
    first, *others = assistant.index.under("a.md", ("Relatório",))
    last = others[-2:]
    assert len(last) == 2
    signals = [Hit(first, 1.0, 1, {"near": 1.0}), *(Hit(each, 0.9, 2, {"near": 0.99}) for each in last)]
    passages = find_passages(signals, assistant.index)
    assert [passage.chunks for passage in passages] == [tuple(last), (first,)]
    assert all(passage.hit.chunk in passage.chunks for passage in passages)
    writer = ExtractiveWriter(assistant.index)
    parts = [part for passage in passages for part in writer.write("relatório", signals, [passage])]
    citations = [each for part in parts for each in part.citations]
    assert len(citations) == 2
    for citation in citations:
        start, end = citation.highlight or (citation.start, citation.end)
        assert citation.start <= start < end <= citation.end
    assistant.close()
