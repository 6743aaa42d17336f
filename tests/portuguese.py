"""Portuguese text for property tests."""

from hypothesis import strategies as st

_LETTERS = "abcdefghijlmnopqrstuvxzáàâãéêíóôõúüç"
_LOWER = st.text(alphabet=_LETTERS, min_size=1, max_size=9)
_TYPICAL = (
    *(
        "coração",
        "NÃO",
        "É",
        "À",
        "às",
        "«aspas»",
        "“aspas”",
        "‘uma’",
        "“É”",
        "1ª",
        "5º",
        "25°C",
        "§",
        "—",
        "–",
        "3,50",
    ),
    *("€", "R$", "IRMÃ", "MAÇÃ", "AMANHÃ", "ÓRGÃO", "você", "VOCÊ", "AVÔ", "½", "©", "guarda-chuva", "d’água", "(não)"),
    *(
        "«Ã»",
        "ação,",
        "INFORMAÇÕES:",
        "órgãos;",
        "Água!",
        "Então?",
        "ÚLTIMA…",
        "São",
        "São\u00a0Paulo",
        "±2",
        "m²",
        "30×40",
    ),
)
_WORDS = st.one_of(
    _LOWER,
    _LOWER.map(str.capitalize),
    _LOWER.map(str.upper),
    st.sampled_from(_TYPICAL),
)
_LINES = st.lists(_WORDS, min_size=1, max_size=12).map(" ".join)


def texts() -> st.SearchStrategy[str]:
    """Draw a few lines of words with the letters and signs of Portuguese."""
    return st.lists(_LINES, min_size=1, max_size=8).map(lambda lines: "\n".join(lines) + "\n")
