"""What the Ollama server says of the models that it has, and what it refuses, as recorded of a real one (0.33.0)."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

EMBEDDING_DIMENSION = 32
EMBEDDING_CONTEXT = 512  # tokens
GETS = frozenset({"/api/version", "/api/tags", "/api/ps", "/v1/models"})
POSTS = frozenset({"/api/chat", "/api/generate", "/api/embed", "/api/show", "/api/pull", "/v1/chat/completions"})
BUSY = "server busy, please try again.  maximum pending requests exceeded"
NO_EMBEDDINGS = "This server does not support embeddings. Start it with `--embeddings`"
_INTEGERS = frozenset({"num_ctx", "num_predict", "num_keep", "seed", "top_k", "num_gpu", "num_thread"})
_DURATION = re.compile(r"-?\d+(?:\.\d+)?|-?(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+")
_TYPES = {int: "number", float: "number", list: "array", dict: "object", bool: "bool"}

Refusal = tuple[int, str]
"""A status and the text of the error."""


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
        "context_length": 32768,
        "embedding_length": 2048,
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
        "capabilities": ["completion"],
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


def shown(name: str, trained: int) -> dict[str, Any]:
    """Return what is told of one model; `trained` is the context it was trained for, 0 for not telling."""
    return {
        "modelfile": f"FROM {name}",
        "parameters": 'stop "<|end|>"',
        "template": "{{ .Prompt }}",
        "details": described(name)["details"],
        "model_info": {"general.architecture": "qwen2"} | ({"qwen2.context_length": trained} if trained else {}),
        "capabilities": ["completion"],
        "tensors": [{"name": "output.weight", "type": "Q6_K", "shape": [2048, 151936]}],
        "modified_at": now(),
    }


def pull_lines(name: str) -> list[dict[str, Any]]:
    """Return the lines that a download streams."""
    total = 4 * 1024 * 1024
    layer = {"status": f"pulling {digest(name)[7:19]}", "digest": digest(name), "total": total}
    if name.startswith("inexistente"):
        return [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
    return [
        {"status": "pulling manifest"},
        layer,
        *({**layer, "completed": total * part // 4} for part in range(1, 5)),
        {"status": "verifying sha256 digest"},
        {"status": "writing manifest"},
        {"status": "success"},
    ]


def joined(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a streamed reply as the one object that `"stream": false` gives."""
    whole = dict(lines[-1]) if lines else {}
    for part in ("response",) if "response" in whole else ("content", "thinking"):
        texts = [str((line if part == "response" else line["message"]).get(part, "")) for line in lines]
        if part == "response":
            whole["response"] = "".join(texts)
        elif any(texts):
            whole["message"] = {**whole["message"], part: "".join(texts)}
    return whole


def completed(model: str, parts: Sequence[Mapping[str, Any]], end: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reply as OpenAI's API gives it."""
    read, said = end["prompt_eval_count"], end["eval_count"]
    text = "".join(part["response"] for part in parts)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "system_fingerprint": "fp_ollama",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": end["done_reason"]}
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said},
    }


def unreadable(raw: bytes) -> Refusal | None:
    """Tell what is wrong with a body as it came."""
    if not raw:
        return 400, "missing request body"
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        sign = error.doc[error.pos : error.pos + 1]
        return 400, f"invalid character '{sign}' looking for beginning of object key string"
    return None


def misformed(path: str, body: Mapping[str, Any]) -> Refusal | None:
    """Tell what is wrong with the values of a body."""
    model = body.get("model", "")
    if not isinstance(model, str):
        kind = _TYPES.get(type(model), "value")
        return 400, f"json: cannot unmarshal {kind} into Go struct field ChatRequest.model of type string"
    if not model:
        return 400, "model is required"
    alive = body.get("keep_alive")
    if isinstance(alive, str) and not _DURATION.fullmatch(alive):
        return 400, f'time: invalid duration "{alive}"'
    for name, value in (body.get("options") or {}).items():
        if name in _INTEGERS and not isinstance(value, int):
            return 500, f'option "{name}" must be of type integer'
    if path == "/api/embed" and not isinstance(body.get("input"), str | list):
        return 400, "invalid input type"
    return None


def unknown(path: str, model: str) -> Refusal:
    """Tell that a model is not there."""
    if path == "/api/embed":
        return 404, f'model "{model}" not found, try pulling it first'
    return 404, f"model '{model}' not found"


def too_long(tokens: int, window: int) -> Refusal:
    """Tell that a prompt does not fit."""
    inner = {
        "code": 400,
        "message": f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": window,
    }
    return 400, json.dumps({"error": inner}, separators=(",", ":"))


def head(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every line of a reply begins with."""
    return {"model": body["model"], "created_at": now()}
