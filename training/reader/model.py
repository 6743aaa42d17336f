"""The reader: the first layers of multilingual-e5-small over its own word pieces, and a head that judges.

It says whether a text answers a question, and sees what the product's `index.ranking.cross_encoder`
sees: the same pieces, the same marks between the two texts.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import load_file
from transformers import AttentionInterface, BertConfig, BertModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

from index.embedding.transformer import Pair, Pieces
from training.reader.e5 import FloatArray, read_packed

LAYERS = 6
_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

_PARTS = ("bert.", "inner.", "head.")
_UNREAD = "bert.embeddings.word_embeddings.weight"
"""Vectors of pieces come from outside: a graph has no others."""


def _lean(
    _: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    **__: object,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend in bfloat16 throughout: the softmax too, which is kept in float32 elsewhere and takes most of the time."""
    with torch.autocast("cpu", enabled=False):
        asked, known, told = (each.to(torch.bfloat16) for each in (query, key, value))
        weights = torch.matmul(asked * query.shape[-1] ** -0.5, known.transpose(2, 3))
        if mask is not None:  # where nothing is padded, there is none
            weights = weights + mask.to(torch.bfloat16)
        weights = torch.softmax(weights, -1)
        return torch.matmul(weights, told).transpose(1, 2).contiguous(), weights


AttentionInterface.register("lean", _lean)
ALL_MASK_ATTENTION_FUNCTIONS.register("lean", ALL_MASK_ATTENTION_FUNCTIONS["eager"])


class Reader(torch.nn.Module):
    """Vectors of pieces in, one logit a sequence out."""

    def __init__(self, layers: int = LAYERS, attention: str = "lean") -> None:
        super().__init__()
        config = BertConfig(
            vocab_size=2,
            hidden_size=384,
            num_hidden_layers=layers,
            num_attention_heads=12,
            intermediate_size=1536,
            max_position_embeddings=512,
            type_vocab_size=2,
            layer_norm_eps=1e-12,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation=attention,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.inner = torch.nn.Linear(384, 384)
        self.head = torch.nn.Linear(384, 1)

    def forward(self, words: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of words (n, length, 384), mask and kinds (n, length)."""
        mean = mean_state(self.bert, words, mask, kinds)
        logits: torch.Tensor = self.head(torch.tanh(self.inner(mean))).squeeze(-1)
        return logits


def mean_state(bert: BertModel, words: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
    """Return the mean of the last states of what is no padding, (n, 384), of words (n, length, 384)."""
    states = bert(inputs_embeds=words, attention_mask=mask, token_type_ids=kinds).last_hidden_state
    kept = mask.unsqueeze(-1).to(states.dtype)
    mean: torch.Tensor = (states * kept).sum(1) / kept.sum(1)
    return mean


def read_alike(
    model: torch.nn.Module, sequences: Sequence[Pair], pieces: Pieces, together: int, *, exact: bool
) -> torch.Tensor:
    """Return what a model gives for sequences, (n, …) float32: so many at once, of about the same length.

    Args:
        model: From what `Pieces.batch` returns.
        sequences: At least one.
        pieces: Their vectors.
        together: How many are padded to the longest of them.
        exact: Whether it is worked out in float32, not in bfloat16.
    """
    order = sorted(range(len(sequences)), key=lambda at: len(sequences[at][0]))
    found = []
    for begin in range(0, len(order), together):
        own = [sequences[at] for at in order[begin : begin + together]]
        with torch.autocast("cpu", torch.bfloat16, enabled=not exact):
            found.append(model(*map(torch.from_numpy, pieces.batch(own))).float())
    return torch.cat(found)[torch.argsort(torch.tensor(order))]


def new_reader(layers: int = LAYERS, attention: str = "lean") -> Reader:
    """Return a reader with the first layers of multilingual-e5-small and a head that has learned nothing."""
    torch.manual_seed(1)
    reader = Reader(layers, attention)
    packed = read_packed()
    embeddings = reader.bert.embeddings
    _copy(embeddings.position_embeddings.weight, packed["emb.pos"])
    # The second kind begins where the first stands: e5 knows one only.
    _copy(embeddings.token_type_embeddings.weight, np.tile(packed["emb.type"].reshape(-1, 384)[:1], (2, 1)))
    _copy(embeddings.LayerNorm.weight, packed["emb.ln.w"])
    _copy(embeddings.LayerNorm.bias, packed["emb.ln.b"])
    for at, layer in enumerate(reader.bert.encoder.layer):
        for short, name in _NAMES.items():
            module = layer.get_submodule(name)
            _copy(module.weight, packed[f"l{at}.{short}.w"])
            _copy(module.bias, packed[f"l{at}.{short}.b"])
    embeddings.word_embeddings.weight.requires_grad_(False)
    return reader


def freeze(bert: BertModel, layers: int) -> None:
    """Keep the vectors that states begin with, and the first layers, as they are."""
    bert.embeddings.requires_grad_(False)
    bert.encoder.layer[:layers].requires_grad_(False)


def load_mean(model: torch.nn.Module, weights: Sequence[Path]) -> None:
    """Give a reader, or an encoder, the mean of several weights, each a safetensors file or a graph.

    Readers that began alike and learned different examples are better together than each (Wortsman et al. 2022, "Model
    soups"): two cores teach two at a time.
    """
    read = [weights_in(path) if path.suffix == ".onnx" else load_file(path) for path in weights]
    mean = {name: torch.stack([own[name] for own in read]).mean(0) for name in read[0]}
    model.load_state_dict({_UNREAD: model.state_dict()[_UNREAD], **mean})


def weights_in(graph: Path) -> dict[str, torch.Tensor]:
    """Return the weights of a graph by their names in the model, its matrices taken back from int8."""
    model = onnx.load(str(graph)).graph
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in model.initializer}
    found = {name: values for name, values in stored.items() if name.startswith(_PARTS) and ".weight_" not in name}
    for node in model.node:
        if node.op_type == "MatMulInteger":
            name, matrix = ".".join(node.name.split("/")[1:-1]), node.input[1].removesuffix("_quantized")
            values = (stored[f"{matrix}_quantized"] * stored[f"{matrix}_scale"]).T
            # What `training.reader.export.smooth` moved into a matrix is taken out of it.
            found[f"{name}.weight"] = values * found.pop(f"{name.removesuffix('.linear')}.inverse", 1)
    found = {name.replace(".linear.", "."): values for name, values in found.items()}
    return {name: torch.from_numpy(values.astype(np.float32)) for name, values in found.items()}


def _copy(parameter: torch.nn.Parameter, values: FloatArray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values.reshape(parameter.shape)))
