"""How long the checker takes for an answer of ten sentences: `python -m benchmarks.checking`.

Ten passages of the shipped page are the evidence, the sentences are true and false ones about it. Printed are the
median and the slowest of the runs in milliseconds, reading the evidence included, with nothing remembered of an earlier
answer.
"""

import statistics
from pathlib import Path
from time import perf_counter

from assistant.checking.checker import Checker
from assistant.checking.claims import read_claims
from assistant.evidence.orders import gives_orders
from index.hit import Hit
from ingest.document import Document
from ingest.reading.corpus import read_documents
from ingest.splitting.splitter import split

RUNS = 30
SENTENCES = (
    "O SageMaker Clarify identifica vieses e fornece explicabilidade, enquanto o Canvas cria previsões sem código.",
    "O Model Monitor alerta sobre a queda de qualidade ou desvio dos dados em produção.",
    "O SageMaker Studio é a IDE unificada.",
    "O Role Manager simplifica a gestão de permissões (IAM) focada em funções de ML.",
    "O Canvas custa 40 dólares.",
    "O Ground Truth gerencia a rotulagem de dados brutos.",
    "O Feature Store armazena e compartilha variáveis para treino e inferência.",
    "O Data Wrangler agiliza a limpeza com conversões prontas.",
    "O Model Registry não aprova versões de modelos.",
    "O JumpStart é um hub de modelos pré-treinados.",
)


def main() -> None:
    """Time the runs."""
    documents = (found for found in read_documents(Path("corpus")) if isinstance(found, Document))
    chunks = [chunk for document in documents for chunk in split(document)][:10]
    hits = [Hit(chunk, 1.0 / rank, rank) for rank, chunk in enumerate(chunks, 1)]
    times = []
    for _ in range(RUNS + 1):
        read_claims.cache_clear()
        gives_orders.cache_clear()
        started = perf_counter()
        checker = Checker("O que cada serviço faz?", hits)
        for sentence in SENTENCES:
            checker.check(sentence)
        times.append((perf_counter() - started) * 1000)
    times = times[1:]  # the first one loads the model
    print(
        f"{len(SENTENCES)} sentences, {len(hits)} passages: median {statistics.median(times):.1f} ms, "
        f"slowest {max(times):.1f} ms of {RUNS} runs"
    )


if __name__ == "__main__":
    main()
