"""What the Ollama server says of the models that it has: names, sizes, hashes, and the vectors of those that embed."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

EMBEDDING_DIMENSION = 32


def full_name(model: str) -> str:
    """Return a model's name with its tag."""
    return model if ":" in model else f"{model}:latest"


def described(name: str) -> dict[str, Any]:
    """Return what a list of models says of one."""
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": "qwen2",
        "families": ["qwen2"],
        "parameter_size": "3.1B",
        "quantization_level": "Q4_K_M",
    }
    modified = "2026-01-15T10:00:00.123456789Z"
    size = 1_929_912_432
    return {
        "name": name,
        "model": name,
        "modified_at": modified,
        "size": size,
        "digest": digest(name)[7:],
        "details": details,
    }


def digest(name: str) -> str:
    """Return a model's hash, with what it is one of."""
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def embedding(text: str) -> list[float]:
    """Return a unit vector in which texts that share words lie closer."""
    vector = [0.0] * EMBEDDING_DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        vector[hashlib.sha256(word.encode()).digest()[0] % EMBEDDING_DIMENSION] += 1.0
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / length for value in vector]


def now() -> str:
    """Return the time as Ollama writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
