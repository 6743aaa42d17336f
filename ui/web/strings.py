"""What the web page says, in Portuguese and, for an English browser, in English."""

from collections.abc import Mapping

Words = Mapping[str, str]

PORTUGUESE: Words = {
    "subtitle": "Perguntas e respostas sobre os seus documentos, com a prova linha por linha. Nada sai desta máquina.",
    "conversation": "Conversa",
    "question": "Pergunta",
    "placeholder": "Pergunte algo sobre os documentos…",
    "send": "Perguntar",
    "new": "Nova conversa",
    "welcome": "Faça uma pergunta sobre os documentos, ou comece por uma destas:",
    "evidence": "Evidências",
    "hint": "As linhas que sustentam cada resposta aparecem aqui.",
    "searching": "Procurando nos documentos…",
    "abstained": "Os documentos não respondem a isto. Os trechos mais próximos:",
    "nothing": "Nenhum trecho dos documentos se aproxima desta pergunta.",
    "lines": "linhas",
    "line": "linha",
    "writer": "Quem escreveu",
    "extractive": "trechos dos documentos, sem modelo de linguagem",
    "seconds": "s",
    "failed": "Não foi possível responder.",
    "chatbot.like": "A resposta está certa",  # Gradio's names of what its thumbs say
    "chatbot.dislike": "A resposta está errada",
    "common.complete": "Pronto",  # Gradio tells it to screen readers, and has no Portuguese for it
}

ENGLISH: Words = {
    "subtitle": "Questions and answers on your documents, with the evidence line by line. Nothing leaves this machine.",
    "conversation": "Conversation",
    "question": "Question",
    "placeholder": "Ask something about the documents…",
    "send": "Ask",
    "new": "New conversation",
    "welcome": "Ask a question about the documents, or start with one of these:",
    "evidence": "Evidence",
    "hint": "The lines that support each answer appear here.",
    "searching": "Searching the documents…",
    "abstained": "The documents do not answer this. The nearest passages:",
    "nothing": "No passage of the documents comes near this question.",
    "lines": "lines",
    "line": "line",
    "writer": "Written by",
    "extractive": "passages of the documents, no language model",
    "seconds": "s",
    "failed": "No answer could be given.",
    "chatbot.like": "The answer is right",
    "chatbot.dislike": "The answer is wrong",
    "common.complete": "Ready",
}


def words_for(accept_language: str | None) -> Words:
    """Choose the language of the page from a browser's `Accept-Language` header: English if it comes first."""
    first = (accept_language or "").split(",")[0].strip().lower()
    return ENGLISH if first.split(";")[0].split("-")[0] == "en" else PORTUGUESE
