"""Chunks follow the structure of the document."""

from pathlib import Path

import pytest
from chunk_checks import check_invariants, chunks_of, document, plains

from ingest.chunk import Chunk
from ingest.document import Document
from ingest.markup.front_matter import front_matter_end
from ingest.reading.readers import read_bytes
from ingest.splitting.pieces import MAXIMUM
from ingest.splitting.splitter import split

DATA = Path(__file__).parents[1] / "data"
GUIDE = "Serviço de filas: guia"


@pytest.fixture(scope="module")
def guide() -> Document:
    return read_bytes((DATA / "ingest" / "servico.md").read_bytes(), "servico.md")


# --- the guide, part by part -----------------------------------------------------------------------------------------


def in_section(guide: Document, name: str) -> list[Chunk]:
    return [chunk for chunk in split(guide) if chunk.headings[-1] == name]


def test_every_chunk_of_the_guide_keeps_the_invariants(guide: Document) -> None:
    assert len(check_invariants(guide)) == 14


def test_front_matter_comments_and_definitions_are_never_said(guide: Document) -> None:
    chunks = split(guide)
    said = "\n".join(chunk.plain for chunk in chunks)
    for markup in ("weight", "revisado", "example.org", "alert", "IMPORTANT", "**", "`", "{#", "<br>", "|"):
        assert markup not in said
    assert chunks[0].start > front_matter_end(guide.text)


def test_the_front_matter_title_stands_above_headings_of_lower_levels(guide: Document) -> None:
    assert split(guide)[0].headings == (GUIDE,)
    assert in_section(guide, "Limites")[0].headings == (GUIDE, "Visão geral", "Limites")
    assert in_section(guide, "Contato")[0].headings == (GUIDE, "Contato")


def test_short_paragraphs_of_a_section_are_gathered(guide: Document) -> None:
    (chunk,) = in_section(guide, "Visão geral")
    assert chunk.kind == "prose"
    assert chunk.plain.split("\n") == [
        (
            "Uma fila recebe mensagens dos produtores, p. ex. Pedidos e Pagamentos. O Dr. Silva descreveu o desenho "
            "em um artigo. Cada mensagem vive sete dias."
        ),
        "Mensagens maiores que 256 KB são recusadas.",
        "A retenção pode ser mudada por fila.",
    ]


def test_a_row_carries_its_columns(guide: Document) -> None:
    rows = in_section(guide, "Limites")
    assert [(row.kind, row.subject, row.plain) for row in rows] == [
        ("row", "Tamanho da mensagem", "Limite: Tamanho da mensagem; Valor: 256 KB; Pode mudar?: não"),
        ("row", "Retenção", "Limite: Retenção; Valor: 7 dias; Pode mudar?: sim"),
        ("row", "Filas por conta", "Limite: Filas por conta; Valor: 1.000; Pode mudar?: peça aqui"),
    ]
    assert rows[1].text == "| Retenção | 7 dias | `sim` |"


def test_items_that_state_a_fact_are_chunks_and_short_ones_stay_together(guide: Document) -> None:
    chunks = in_section(guide, "Conceitos")
    check = "Antes de criar uma fila, verifique:"
    assert [(chunk.kind, chunk.subject, chunk.plain) for chunk in chunks] == [
        ("item", "Produtor", "Produtor: quem envia mensagens para a fila."),
        ("item", "Consumidor", "Consumidor — quem lê as mensagens e confirma a leitura."),
        ("item", "Fila morta", "Fila morta: guarda as mensagens que falharam cinco vezes."),
        ("prose", "", f"Tipos de fila:\npadrão\nFIFO\natraso\n{check}"),
        ("item", "", f"{check}\nA conta precisa ter permissão para criar recursos na região."),
        ("item", "", f"{check}\nO nome da fila não pode repetir o de outra fila da conta."),
    ]


def test_steps_stay_together_and_code_stays_with_what_introduces_it(guide: Document) -> None:
    (chunk,) = in_section(guide, "Como criar")
    assert chunk.plain.split("\n") == [
        "Abra o painel.",
        "Escolha Nova fila.",
        "Para FIFO, marque a caixa correspondente.",
        "Confirme.",
        "Pela linha de comando, execute:",
        "# cria a fila",
        "filas criar --nome pedidos",
        "Tela de criação da fila",
    ]


def test_a_heading_without_a_body_gives_no_chunk(guide: Document) -> None:
    assert in_section(guide, "Vazia") == []
    assert [chunk.plain for chunk in in_section(guide, "Contato")] == ["Fale com a equipe\npelo canal #filas."]


# --- the owner's page ------------------------------------------------------------------------------------------------


def test_the_broken_page_and_the_repaired_one_give_the_same_chunks() -> None:
    broken = read_bytes((DATA / "aws-sagemaker-mac-roman.txt").read_bytes(), "pagina.txt")
    golden = read_bytes((DATA / "aws-sagemaker-golden.md").read_bytes(), "pagina.md")

    def parts(chunks: list[Chunk]) -> list[tuple[object, ...]]:
        return [(c.text, c.start, c.end, c.headings, c.kind, c.plain, c.subject, c.section_start) for c in chunks]

    chunks = check_invariants(golden)
    assert parts(split(broken)) == parts(chunks)
    assert sum(chunk.kind == "row" for chunk in chunks) == 5
    assert sum(chunk.kind == "item" for chunk in chunks) == 11
    assert all(chunk.subject for chunk in chunks if chunk.kind != "prose")


# --- rules, one by one -----------------------------------------------------------------------------------------------


def test_a_chunk_never_crosses_a_heading() -> None:
    chunks = chunks_of("# A\n\num\n\n## B\n\ndois\n\nC\n=\n\ntrês\n\n### D\n\nquatro\n")
    assert [(chunk.headings, chunk.plain) for chunk in chunks] == [
        (("A",), "um"),
        (("A", "B"), "dois"),
        (("C",), "três"),
        (("C", "D"), "quatro"),
    ]


def test_sections_hold_their_chunks_from_heading_to_heading() -> None:
    text = "antes\n\n# A\n\num\n\n## B\n\ndois\n"
    assert [text[chunk.section_start : chunk.section_end] for chunk in chunks_of(text)] == [
        "antes\n\n",
        "# A\n\num\n\n",
        "## B\n\ndois\n",
    ]


def test_long_prose_is_cut_between_sentences() -> None:
    sentences = [f"A regra número {n} do regulamento vale para o Dr. Silva e p. ex. Maria." for n in range(60)]
    chunks = check_invariants(document("# Regras\n\n" + "\n".join(sentences) + "\n"))
    assert len(chunks) >= 4
    assert [line for chunk in chunks for line in chunk.text.split("\n")] == sentences
    assert all(len(chunk.text) <= MAXIMUM for chunk in chunks)


def test_prose_without_sentences_is_cut_all_the_same_and_nothing_is_lost() -> None:
    text = "dado " * 2000 + "\n\n" + "x" * 5000
    chunks = check_invariants(document(text))
    assert all(len(chunk.text) <= MAXIMUM for chunk in chunks)
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())


def test_a_code_block_stays_whole() -> None:
    code = "\n".join(f"linha_{n} = calcular({n})" for n in range(200))
    chunks = chunks_of(f"Execute:\n\n```python\n{code}\n```\n\nFim.\n")
    assert [(chunk.kind, chunk.plain) for chunk in chunks] == [("prose", "Execute:"), ("code", code), ("prose", "Fim.")]


def test_generated_data_is_cut_between_lines() -> None:
    chunks = check_invariants(document("```\n" + "valor: 0123456789\n" * 2000 + "```\n"))
    assert max(len(chunk.text) for chunk in chunks) <= 1000
    assert sum(chunk.text.count("valor: 0123456789") for chunk in chunks) == 2000


def test_a_hash_in_code_is_no_heading() -> None:
    (chunk,) = chunks_of("```sh\n# instala\npip install x\n```\n")
    assert (chunk.headings, chunk.kind) == ((), "code")


def test_a_long_item_is_taken_apart_and_its_children_keep_its_first_words() -> None:
    children = "\n".join(f"  - **Opção {n}:** {'liga um recurso do servidor; ' * 5}" for n in range(9))
    chunks = check_invariants(
        document(f"- **Servidor:** aceita estas opções.\n{children}\n- **Cliente:** não aceita.\n")
    )
    assert chunks[0].subject == "Servidor"
    assert chunks[0].plain == "Servidor: aceita estas opções."
    assert [chunk.subject for chunk in chunks[1:-1]] == [f"Opção {n}" for n in range(9)]
    assert all(chunk.plain.startswith("Servidor: aceita estas opções.\nOpção") for chunk in chunks[1:-1])
    assert chunks[-1].plain == "Cliente: não aceita."


def test_a_short_nested_list_stays_with_its_parent() -> None:
    (first, second) = chunks_of("- **Fila:** guarda mensagens:\n  - padrão\n  - FIFO\n- **Tópico:** envia a vários.\n")
    assert first.plain == "Fila: guarda mensagens:\npadrão\nFIFO"
    assert second.subject == "Tópico"


@pytest.mark.parametrize(
    ("item", "subject"),
    [
        ("**Studio:** ambiente de trabalho.", "Studio"),
        ("**Studio** : ambiente de trabalho.", "Studio"),
        ("__Studio__ é o ambiente.", "Studio"),
        ("[**Studio**](https://x.org): ambiente.", "Studio"),
        ("`charset`: nome do conjunto.", "charset"),
        ("Fila morta: guarda o que falhou.", "Fila morta"),
        ("Fila morta — guarda o que falhou.", "Fila morta"),
        ("Nota: isto não é um termo.", ""),
        ("Em seguida, execute o comando: reiniciar.", ""),
        ("O horário vai das 10:30 às 11:30.", ""),
        ("Um item comum com **negrito** no meio.", ""),
        ("[ ] tarefa ainda por fazer nesta semana", ""),
    ],
)
def test_the_subject_of_an_item(item: str, subject: str) -> None:
    chunks = chunks_of(f"- {item}\n- **Outro:** um segundo item.\n")
    assert chunks[0].subject == subject
    assert "**" not in chunks[0].plain
    assert not chunks[0].plain.startswith("[ ]")


def test_a_step_that_opens_with_an_emphasised_verb_has_no_subject() -> None:
    chunks = chunks_of("1. **Clique** em salvar.\n2. **Feche** a janela.\n")
    assert [(chunk.subject, chunk.kind) for chunk in chunks] == [("", "item")]


def test_html_says_its_text_only() -> None:
    text = "<div>\n<p>Preço &amp; prazo</p>\n<script>x()</script><!-- n -->\n</div>\n\nUm <b>dois</b> <!-- c -->três.\n"
    assert plains(text) == ["Preço & prazo\nUm dois três."]


def test_angle_brackets_of_a_converted_page_are_text() -> None:
    (chunk,) = split(document("Use List<Integer> aqui.\n", "a.html", "html"))
    assert chunk.plain == "Use List<Integer> aqui."


def test_a_table_without_a_header_takes_its_first_row() -> None:
    chunks = chunks_of("|  |  |\n| --- | --- |\n| Cargo | Dias |\n| Analista | 30 |\n")
    assert [chunk.plain for chunk in chunks] == ["Cargo: Analista; Dias: 30"]


def test_generator_marks_are_not_said_but_the_names_they_hold_are() -> None:
    text = "Clique em [!UICONTROL Salvar agora]. {{< figura x >}}\n\n[!INCLUDE [x](../a.md)]\n\n:::image src='a':::\n"
    assert plains(text) == ["Clique em Salvar agora."]


def test_generator_marks_inside_a_paragraph_take_their_own_line_only() -> None:
    assert plains("::: moniker range='x'\nO texto fica.\nE segue.\n::: moniker-end\n") == ["O texto fica. E segue."]


def test_a_document_of_headings_gives_a_chunk_for_each_leaf() -> None:
    chunks = check_invariants(document("# Guia\n\n## Instalar\n\n## Usar\n\n### Abrir\n"))
    assert [(chunk.headings, chunk.plain) for chunk in chunks] == [
        (("Guia",), "Instalar"),
        (("Guia", "Usar"), "Abrir"),
    ]


def test_a_repeated_title_stands_once_in_the_path() -> None:
    text = "---\ntitle: Filas\n---\n## Filas\n\nTexto.\n"
    (chunk,) = split(Document("a.md", text, "markdown", "", "", {"title": "Filas"}))
    assert chunk.headings == ("Filas",)


def test_text_without_markup_is_split_by_paragraph() -> None:
    text = "Primeiro parágrafo, que não tem\nmarcação nenhuma.\n\n  Segundo parágrafo * com asterisco.\n"
    chunks = check_invariants(document(text, "a.txt", "text"))
    assert [chunk.plain for chunk in chunks] == [
        "Primeiro parágrafo, que não tem marcação nenhuma.\nSegundo parágrafo * com asterisco."
    ]


MARKED_UP = ["# Título\n\nTexto.\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "- um dois\n- três\n", "```\nx\n```\n"]


@pytest.mark.parametrize("text", MARKED_UP)
def test_text_with_markdown_in_it_is_read_as_markdown(text: str) -> None:
    as_text, as_markdown = split(document(text, "a.txt", "text")), chunks_of(text)
    assert [(c.text, c.plain, c.kind) for c in as_text] == [(c.text, c.plain, c.kind) for c in as_markdown]


# --- identity --------------------------------------------------------------------------------------------------------


def test_ids_are_stable_and_differ_between_folders_and_repetitions() -> None:
    text = "# A\n\n- **Um:** o mesmo texto.\n- **Um:** o mesmo texto.\n\n## B\n\nOutro.\n"
    ids = [chunk.chunk_id for chunk in chunks_of(text)]
    assert ids == [chunk.chunk_id for chunk in chunks_of(text)]
    assert len(set(ids)) == 3
    assert all(len(chunk_id) == 16 and int(chunk_id, 16) >= 0 for chunk_id in ids)
    assert not set(ids) & {chunk.chunk_id for chunk in split(document(text, "pasta/a.md"))}


def test_editing_one_paragraph_keeps_the_ids_of_the_others(guide: Document) -> None:
    edited = document(guide.text.replace("O preço depende", "O preço não depende"), "servico.md")
    edited = Document("servico.md", edited.text, "markdown", "", "", guide.metadata)
    before, after = {c.chunk_id for c in split(guide)}, {c.chunk_id for c in split(edited)}
    assert len(before - after) == len(after - before) == 1
