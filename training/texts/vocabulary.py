"""The tokenizer: lower case, no accents, whole words where they are frequent, pieces where they are not."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

UNKNOWN = "[UNK]"
_WORD = re.compile(r"[^\W_]+|_|[^\w\s]")


def fold(text: str) -> str:
    """Gives the text in lower case without accents, as the tokenizer's own normaliser does."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn").lower()


def words_of(text: str) -> list[str]:
    """Splits folded text into words and single marks, as the tokenizer's pre-tokenizer does."""
    return _WORD.findall(fold(text))


def train_tokenizer(counts: Counter[str], size: int, path: Path) -> None:
    """Trains a unigram tokenizer on word counts and writes its `tokenizer.json`.

    Unigram pieces often are stem and ending ("estudante" + "s"), so that a word's forms share a vector.

    Args:
        counts: How often each folded word occurs.
        size: Pieces asked for, the unknown one included (row 0, always a zero vector).
        path: Where to write.
    """
    tokenizer = Tokenizer(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=[UNKNOWN], unk_token=UNKNOWN, max_piece_length=24, show_progress=False
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True, handle_chinese_chars=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(_repeat(counts), trainer=trainer)
    tokenizer.save(str(path), pretty=False)


def _repeat(counts: Counter[str]) -> Iterable[str]:
    """Words as often as they count, at most 2,000 times: what is that frequent is a piece anyway."""
    for word, count in counts.items():
        yield " ".join([word] * min(count, 2000))
