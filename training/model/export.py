"""Writes the shipped files: int8 rows with one float scale each, the tokenizer, the configuration.

The layout is model2vec's (`embeddings`, `weights`, `config.json`) with sentence-transformers' `modules.json`, so
both load the folder as it is; a row is its int8 numbers times its weight.
"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer


def export(table: NDArray[np.float32], tokenizer: Tokenizer, folder: Path) -> str:
    """Writes the model's files except its card.

    Args:
        table: One vector per piece, shape (pieces, dimension); the unknown piece's row is zero.
        tokenizer: The tokenizer whose piece numbers are the table's rows.
        folder: Where to write; files of an earlier export are replaced.

    Returns:
        SHA-256 of `model.safetensors`, hexadecimal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    codes, weights = quantise(table)
    save_file({"embeddings": codes, "weights": weights}, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(
        folder / "config.json",
        {"model_type": "model2vec", "normalize": True, "max_length": None, "embedding_dtype": "int8"},
    )
    _write_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
            {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    _write_json(folder / "config_sentence_transformers.json", {"prompts": {}, "similarity_fn_name": "cosine"})
    _write_json(folder / "1_Normalize" / "config.json", {})
    return sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def quantise(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rounds each row to 127 steps of its own greatest number.

    Returns:
        Codes, shape (pieces, dimension), and one weight per row: row = codes * weight.
    """
    weights = np.abs(table).max(1) / 127
    codes = np.round(table / np.maximum(weights, 1e-12)[:, None]).astype(np.int8)
    return codes, weights.astype(np.float32)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
