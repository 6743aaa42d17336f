"""The fixed frame of an answer, in the languages that it can be given in. Everything else in an answer is quoted."""

from assistant.language import DEFAULT

_PHRASES = {
    "pt": {
        "according": "Segundo a documentação, ",
        "lists": "Segundo a documentação:",
        "also": "Além disso, ",
        "damaged": "O índice servido não pôde ser aberto; respondi com a última geração íntegra.",
        "silent": "A documentação não responde a essa pergunta.",
        "silent_on": "A documentação não diz nada sobre {missing}.",
        "partly": "Sobre {missing}, a documentação não diz nada.",
        "absent": "Na documentação não aparece {missing}.",
        "nearest": "O mais próximo que ela tem:",
        "quoting": "Respondi citando os documentos, sem modelo de linguagem.",
        "unverified": "(não verificado)",
        "dropped_one": "Uma frase do modelo ficou de fora, porque os documentos não a sustentam.",
        "dropped": "{count} frases do modelo ficaram de fora, porque os documentos não as sustentam.",
        "marked": "Os documentos não sustentam o que está marcado como não verificado.",
        "cut": "O modelo parou no meio de uma frase, que ficou de fora.",
        "other_language": "O modelo não respondeu em português, nem quando se insistiu.",
        "unclear": "Faça uma pergunta sobre o conteúdo dos documentos.",
        "or": "ou",
        "line": "linha",
    },
    "en": {
        "according": "According to the documentation, ",
        "lists": "According to the documentation:",
        "also": "Also, ",
        "damaged": "The served index could not be opened; answered from the last whole generation.",
        "silent": "The documentation does not answer that question.",
        "silent_on": "The documentation says nothing about {missing}.",
        "partly": "The documentation says nothing about {missing}.",
        "absent": "{missing} does not appear in the documentation.",
        "nearest": "The nearest that it has:",
        "quoting": "Answered by quoting the documents, without a language model.",
        "unverified": "(not verified)",
        "dropped_one": "One sentence of the model was left out, because the documents do not support it.",
        "dropped": "{count} sentences of the model were left out, because the documents do not support them.",
        "marked": "The documents do not support what is marked as not verified.",
        "cut": "The model stopped in the middle of a sentence, which was left out.",
        "other_language": "The model did not answer in English, not even when it was told again.",
        "unclear": "Ask a question about the content of the documents.",
        "or": "or",
        "line": "line",
    },
    "es": {
        "according": "Según la documentación, ",
        "lists": "Según la documentación:",
        "also": "Además, ",
        "damaged": "El índice servido no se pudo abrir; respondí con la última generación íntegra.",
        "silent": "La documentación no responde a esa pregunta.",
        "silent_on": "La documentación no dice nada sobre {missing}.",
        "partly": "Sobre {missing}, la documentación no dice nada.",
        "absent": "En la documentación no aparece {missing}.",
        "nearest": "Lo más cercano que tiene:",
        "quoting": "Respondí citando los documentos, sin modelo de lenguaje.",
        "unverified": "(no verificado)",
        "dropped_one": "Se omitió una frase del modelo, porque los documentos no la sustentan.",
        "dropped": "Se omitieron {count} frases del modelo, porque los documentos no las sustentan.",
        "marked": "Los documentos no sustentan lo que está marcado como no verificado.",
        "cut": "El modelo se detuvo en medio de una frase, que se omitió.",
        "other_language": "El modelo no respondió en español, ni cuando se insistió.",
        "unclear": "Haga una pregunta sobre el contenido de los documentos.",
        "or": "o",
        "line": "línea",
    },
}


def phrase(name: str, language: str, **values: str) -> str:
    """Return a phrase of the frame; in Portuguese when the language has none."""
    return _PHRASES.get(language, _PHRASES[DEFAULT])[name].format(**values)
