"""The fixed frame of an answer, in the languages that it can be given in. Everything else in an answer is quoted."""

from assistant.asking.language import DEFAULT

_PHRASES = {
    "pt": {
        "according": "Segundo a documentação, ",
        "under": "Segundo *{where}*:",
        "lists": "Segundo a documentação:",
        "silent": "A documentação não responde a essa pergunta.",
        "silent_on": "A documentação não diz nada sobre {missing}.",
        "partly": "Sobre {missing}, a documentação não diz nada.",
        "absent": "Na documentação não aparece {missing}.",
        "nearest": "O mais próximo que ela tem:",
        "unsure": "Não encontrei uma resposta direta; o trecho mais próximo é:",
        "unverified": "(não verificado)",
        "unclear": "Faça uma pergunta sobre o conteúdo dos documentos.",
        "or": "ou",
        "line": "linha",
    },
    "en": {
        "according": "According to the documentation, ",
        "under": "According to *{where}*:",
        "lists": "According to the documentation:",
        "silent": "The documentation does not answer that question.",
        "silent_on": "The documentation says nothing about {missing}.",
        "partly": "The documentation says nothing about {missing}.",
        "absent": "{missing} does not appear in the documentation.",
        "nearest": "The nearest that it has:",
        "unsure": "I found no direct answer; the nearest passage is:",
        "unverified": "(not verified)",
        "unclear": "Ask a question about the content of the documents.",
        "or": "or",
        "line": "line",
    },
    "es": {
        "according": "Según la documentación, ",
        "under": "Según *{where}*:",
        "lists": "Según la documentación:",
        "silent": "La documentación no responde a esa pregunta.",
        "silent_on": "La documentación no dice nada sobre {missing}.",
        "partly": "Sobre {missing}, la documentación no dice nada.",
        "absent": "En la documentación no aparece {missing}.",
        "nearest": "Lo más cercano que tiene:",
        "unsure": "No encontré una respuesta directa; el pasaje más cercano es:",
        "unverified": "(no verificado)",
        "unclear": "Haga una pregunta sobre el contenido de los documentos.",
        "or": "o",
        "line": "línea",
    },
}


def phrase(name: str, language: str, **values: str) -> str:
    """Return a phrase of the frame; in Portuguese when the language has none."""
    return _PHRASES.get(language, _PHRASES[DEFAULT])[name].format(**values)
