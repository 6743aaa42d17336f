"""Sentences as a real small model writes them: what their passages say passes, what they do not say is caught.

The wording is that of Qwen2.5-Coder-1.5B-Instruct on documentation; the shares over all that were labelled are measured
by `training.sentences.measure`.
"""

import pytest

from assistant.checking.checker import Checker
from assistant.checking.claims import read_claims
from assistant.writing.review import NotWorthShowing, Review
from index.hit import Hit
from ingest.document import Document
from ingest.splitting.splitter import split

TAGS = "# Tags\n\n+ Maximum number of tags per resource: 50\n\n+ Maximum key length: 128 Unicode characters in UTF-8\n"
ANALYSIS = (
    "# Iniciar a análise\n\nVocê pode interromper a análise a qualquer momento clicando no botão **Stop**.\n\n"
    "Não será enviada nenhuma mensagem durante a fase de preparo. Portanto, é possível iniciar ou cancelar a análise "
    "sem riscos.\n"
)
GO = (
    "# Criar o pacote\n\n1. Baixe a biblioteca **lambda** do GitHub.\n\n1. Compile o executável com `go build`.\n\n"
    "1. (Opcional) Se o pacote tem vários arquivos, compile o pacote inteiro.\n"
)
QUALIFIER = (
    "# Qualifier\n\nAn *alias* is a pointer to a version that you can update to map to a different version, or split "
    "traffic between two versions. You can use versions and aliases together to provide a stable interface.\n"
)
EDITOR = (
    "# Consultar o banco\n\nA ferramenta fornece um assistente dedicado, o editor de consulta genérica, acessível pelo "
    "menu **Tools > Generic query editor...**.\n"
)
SERVICES = (
    "# SageMaker\n\n* **SageMaker Clarify:** Detecta vieses e fornece explicabilidade.\n"
    "* **Role Manager:** Simplifica a gestão de permissões (IAM) focada em funções de ML.\n"
    "* **SageMaker Canvas:** Interface point-and-click para criar previsões sem escrever código.\n"
)
WATCHING = (
    "# Monitoramento e Ética\n\n* **SageMaker Clarify:** Detecta vieses.\n"
    "* **SageMaker Model Cards:** Documentação automática para fins de auditoria e registro de métricas.\n"
    "* **SageMaker Model Dashboard:** Painel central para monitorar a saúde de todos os modelos implantados.\n"
)
REPLICATION = (
    "# Replicação\n\n* A replicação instantânea atende a casos em que a cópia imediata é essencial.\n\n"
    "* A replicação agendada é usada quando a cópia imediata não é necessária.\n"
)
LAYERS = "# Labels\n\nLabels aren't supported for layers. You can attach labels to functions.\n"
TRIAL = (
    "# Trial runs\n\n* **DryRun** – Validate the values and verify that the user has permission to run the job.\n\n"
    "* **Event** – Run the job later. Send jobs that fail to the queue.\n\n"
    "To detach the job from a network, update its configuration with an empty list of networks.\n\n"
    "To remove a job for good, choose Actions and then Delete.\n"
)
POOL = "# Processos\n\nPor padrão, os processos de uma campanha rodam em um pool de no máximo dez processos.\n"


def checker(page: str, question: str) -> Checker:
    chunks = split(Document("página.md", page, "markdown", "Página", "0" * 64))
    return Checker(question, [Hit(chunk, 0.0, rank) for rank, chunk in enumerate(chunks, 1)])


HONEST = [
    (TAGS, "Quantas tags uma função pode ter no máximo?", "A função pode ter no máximo 50 tags."),
    (
        ANALYSIS,
        "se eu cancelar a analise no meio corre o risco de ja ter saido alguma mensagem?",
        "Não, não há risco de ter saído alguma mensagem se você cancelar a análise no meio.",
    ),
    (
        EDITOR,
        "Como abrir o editor de consulta genérica?",
        "Para abrir o editor de consulta genérica, você pode acessar o menu **Tools > Generic query editor...**.",
    ),
    (
        QUALIFIER,
        "O que é um alias?",
        "Um alias é um ponteiro para uma versão que você pode atualizar, ou dividir o tráfego entre duas versões.",
    ),
    (
        SERVICES,
        "Dá para prever sem programar?",
        "Sim, você pode usar o SageMaker Canvas para criar previsões sem escrever código.",
    ),
    (
        SERVICES,
        "Como simplifico permissões?",
        "Você pode usar o Role Manager para simplificar a gestão de permissões (IAM) focada em funções de ML.",
    ),
    (
        WATCHING,
        "Quais serviços são de monitoramento e ética?",
        "Os serviços de monitoramento e ética incluem SageMaker Clarify, SageMaker Model Cards e Model Dashboard.",
    ),
    (
        WATCHING,
        "Quero ver a saúde dos modelos num só painel",
        "Sim, você pode acessar o SageMaker Model Dashboard para monitorar a saúde dos modelos implantados.",
    ),
]

# What used to stand against an honest sentence before anybody read it.
HONEST += [
    (LAYERS, "Posso usar labels em camadas?", "Não, as labels não são suportadas em camadas."),
    (
        TRIAL,
        "quero checar se tenho permissao sem executar o job de verdade, tem como?",
        "Sim, você pode usar o `DryRun` para verificar se o usuário tem permissão, sem executar o job de verdade.",
    ),
    (TRIAL, "como tiro um job?", "Para remover um job de vez, escolha **Ações** e depois **Excluir**."),
    (
        POOL,
        "Quantos processos rodam, no máximo, se eu não mudar nada?",
        "Se você não mudar nada, os processos de uma campanha rodam em um pool de no máximo dez processos.",
    ),
]
INVENTED = [
    (LAYERS, "Posso usar labels em camadas?", "Sim, as labels são suportadas em camadas."),
    (
        TRIAL,
        "Como desconecto o job de uma rede?",
        "Atualize a configuração do job com uma lista vazia de redes, e avise os gestores financeiros por correio.",
    ),
    (TRIAL, "Como desconecto o job de uma rede?", "Atualize a configuração com uma lista vazia de redes no Firefox."),
    (TRIAL, "como tiro um job?", "Para remover um job de vez, escolha **Ações** e depois **Arquivar**."),
    (TAGS, "Quantas tags uma função pode ter no máximo?", "A função pode ter no máximo 128 tags."),
    (
        TAGS,
        "Como associar o AWS WAF a uma URL de função?",
        "Você pode usar a API do AWS WAF para criar a regra e associar a ela a sua URL de função.",
    ),
    (ANALYSIS, "Posso cancelar?", "Não, a análise não pode ser interrompida."),
    (
        ANALYSIS,
        "Quais são os modos de aprovação disponíveis?",
        "Existem dois modos de aprovação disponíveis: interromper a análise e concluir a análise.",
    ),
    (EDITOR, "Como tirar o fundo de uma foto?", "Clique com o botão direito do mouse e escolha fechar a cor."),
    (
        WATCHING,
        "Onde ficam registradas as métricas para auditoria?",
        "As métricas para auditoria são registradas no painel central do SageMaker Model Dashboard.",
    ),
    (
        WATCHING,
        "O painel central monitora os modelos implantados em tempo real?",
        "Sim, o painel central monitora os modelos implantados em tempo real.",
    ),
    (SERVICES, "O Canvas cria duas previsões por dia?", "Sim, o Canvas cria duas previsões por dia."),
    (SERVICES, "O Canvas cria previsões em tempo real?", "Sim, o Canvas cria previsões em tempo real."),
    (
        SERVICES,
        "O Role Manager simplifica a criação de usuários?",
        "Sim, o Role Manager simplifica a criação de usuários.",
    ),
    (
        WATCHING,
        "Preciso de documentação para uma auditoria, o que uso?",
        "Para uma auditoria, você pode usar o **SageMaker Model Dashboard**.",
    ),
    (WATCHING, "O que faz o SageMaker Clarify?", "Model Dashboard."),
    (WATCHING, "Quantos há?", "Monitoramento e Ética inclui quatro: Clarify, Model Cards e Model Dashboard."),
    (WATCHING, "Quais são?", "Monitoramento e Ética inclui Clarify, Model Cards, Ground Truth e Model Dashboard."),
    (WATCHING, "Quais são?", "Os serviços gratuitos de monitoramento e ética incluem Clarify e Model Cards."),
    (WATCHING, "Quais são?", "Monitoramento e Ética não inclui Clarify nem Model Cards."),
    (QUALIFIER, "O que é um alias?", "Um alias divide o tráfego entre três versões."),
    (
        QUALIFIER,
        "Dá para escrever typescript no editor do console?",
        "Não, não dá para escrever typescript direto no editor do console.",
    ),
]


@pytest.mark.parametrize(("page", "question", "sentence"), HONEST)
def test_what_the_passages_say_passes(page: str, question: str, sentence: str) -> None:
    verdict = checker(page, question).check(sentence)
    assert verdict.supported, verdict.why
    assert verdict.quotes


@pytest.mark.parametrize(("page", "question", "sentence"), INVENTED)
def test_what_they_do_not_say_is_caught(page: str, question: str, sentence: str) -> None:
    assert not checker(page, question).check(sentence).supported


def test_a_step_stands_for_itself() -> None:
    """A step that is not said does not take those with it that follow."""
    judge = checker(GO, "como compilo meu binário go?")
    assert not judge.check("1. Instale o compilador da Microsoft.").supported
    assert judge.check("2. Compile o executável usando `go build`.").supported
    assert judge.check("3. (Opcional) Compile o pacote inteiro se o pacote tem vários arquivos.").supported


def test_what_two_items_say_can_stand_in_one_sentence_but_not_crossed() -> None:
    judge = checker(REPLICATION, "Qual a diferença entre replicação instantânea e agendada?")
    first, second = (
        "atende a casos em que a cópia imediata é essencial",
        "é usada quando a cópia imediata não é necessária",
    )
    said = judge.check(f"A replicação instantânea {first}, enquanto a replicação agendada {second}.")
    assert [quote.hit.rank for quote in said.quotes] == [1, 2]
    assert not judge.check(f"A replicação instantânea {second}, enquanto a replicação agendada {first}.").supported
    assert not judge.check(f"A replicação instantânea {first} e {second}.").supported


def test_each_clause_that_names_something_is_judged_by_itself() -> None:
    judge = checker(WATCHING, "Qual a diferença entre Clarify e Model Dashboard?")
    told = "O Model Dashboard é um painel que mostra a saúde de todos os modelos"
    said = judge.check(f"O Clarify detecta vieses, enquanto {told[0].lower()}{told[1:]}.")
    assert sorted(quote.hit.rank for quote in said.quotes) == [1, 3]
    moved = "O Clarify é um painel que mostra a saúde de todos os modelos, enquanto o Model Dashboard detecta vieses."
    assert not judge.check(moved).supported


def test_a_name_with_stops_in_it_is_in_one_clause() -> None:
    text = "Use `Excel.InsertShiftDirection.down` em arquivos *.cs, ou lambda:InvokeFunction"
    clauses = [text[slice(*span)] for span in read_claims(text).clauses]
    assert clauses == ["Use `Excel.InsertShiftDirection.down` em arquivos *.cs", "lambda:InvokeFunction"]


def test_a_sentence_that_is_copied_passes_whatever_its_words() -> None:
    page = "# Sessão\n\nEle fica na memória. Quando a instância é reiniciada, o estado na memória não é salvo.\n"
    judge = checker(page, "O que acontece com o estado?")
    assert judge.check("Quando a instância é reiniciada, o estado na memória não é salvo.").supported
    assert not judge.check("Quando a instância é reiniciada, o estado na memória é salvo.").supported


@pytest.mark.parametrize(
    "said",
    [
        "Não sabe.",
        "Não sou capaz de ajudar com isso.",
        "Não sou capaz de fornecer informações sobre limites de email para clientes.",
        "Não consigo fornecer uma resposta direta para este erro.",
    ],
)
def test_a_refusal_is_known_by_its_words(said: str) -> None:
    review = Review(checker(TAGS, "Qual é o limite?"), "pt", mark=False)
    assert list(review.segments(iter([said]))) == []
    with pytest.raises(NotWorthShowing, match="found no answer"):
        list(review.finish("escrivao:1b"))
