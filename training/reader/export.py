"""The reader as the product runs it: `python -m training.reader.export --help`.

ONNX, its matrices int8, beside the word pieces. Quantised as it is, a model loses much: a few numbers of its states are
many times as large as the others, and all share one scale. So each matrix first takes a part of the scale of what it is
multiplied with (Xiao et al. 2023, "SmoothQuant"), as seen on texts of the documentations that are learned from.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from index.embedding.transformer import Pair, Pieces
from index.ranking.cross_encoder import LONGEST_QUESTION, WITH_QUESTION
from training.reader.examples import read_examples
from training.reader.model import LAYERS, Reader, load_mean
from training.reader.train import Lists

SHARE = 0.7
"""Exponent of the inputs' largest numbers in a matrix's scale, beside that of its own: 0.5, 0.8, 0.9 are worse."""
LOOKED_AT = 60
"""Texts that the scales are seen on."""


class Smoothed(torch.nn.Module):
    """A linear layer whose matrix has taken the scale of what comes in."""

    def __init__(self, linear: torch.nn.Linear, scale: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("inverse", 1 / scale)
        self.linear = torch.nn.Linear(linear.in_features, linear.out_features)
        self.linear.weight.data = linear.weight.data * scale
        self.linear.bias.data = linear.bias.data

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return what the layer returned before."""
        result: torch.Tensor = self.linear(states * self.inverse)
        return result


def smooth(model: torch.nn.Module, seen: Sequence[Pair], pieces: Pieces) -> None:
    """Put a smoothed layer in the place of every linear one, by what it is given when `seen` are read."""
    linear = {name: each for name, each in model.named_modules() if isinstance(each, torch.nn.Linear)}
    largest = _largest(model, linear, seen, pieces)
    for name, layer in linear.items():
        own = layer.weight.detach().abs().amax(0).clamp(min=1e-5)
        scale = largest[name].clamp(min=1e-5) ** SHARE / own ** (1 - SHARE)
        parent, _, attribute = name.rpartition(".")
        setattr(model.get_submodule(parent), attribute, Smoothed(layer, scale / scale.median()))


def _largest(
    model: torch.nn.Module, linear: dict[str, torch.nn.Linear], seen: Sequence[Pair], pieces: Pieces
) -> dict[str, torch.Tensor]:
    """Return, for each layer, the largest magnitude of each number that comes in."""
    largest: dict[str, torch.Tensor] = {}
    name_of = {layer: name for name, layer in linear.items()}

    def look(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        own = inputs[0].detach().abs().flatten(0, -2).amax(0)
        name = name_of[layer]  # type: ignore[index] # hooked to linear layers only
        largest[name] = torch.maximum(largest.get(name, own), own)

    hooks = [layer.register_forward_pre_hook(look) for layer in linear.values()]
    with torch.no_grad():
        for each in seen:
            model(*map(torch.from_numpy, pieces.batch([each])))
    for hook in hooks:
        hook.remove()
    return largest


def export(model: torch.nn.Module, path: Path, gives: str = "logits") -> None:
    """Write a model's graph; inputs and output are those of `index.embedding.transformer.Transformer`.

    Args:
        model: From vectors of pieces, what is no padding and which text each belongs to.
        path: The graph's file.
        gives: What its output is called.
    """
    model.eval()
    axes = {0: "sequences", 1: "length"}
    length = torch.ones(2, 16, dtype=torch.long)
    with tempfile.TemporaryDirectory() as work:
        exact = Path(work) / path.name
        torch.onnx.export(
            model,
            (torch.zeros(2, 16, 384), length, torch.zeros_like(length)),
            str(exact),
            input_names=["words", "mask", "kinds"],
            output_names=[gives],
            dynamic_axes={"words": axes, "mask": axes, "kinds": axes, gives: {0: "sequences"}},
            opset_version=17,
            dynamo=False,
        )
        # Sums of int8 products overflow 16 bits on processors without VNNI: one bit less is safe on all.
        quantize_dynamic(
            str(exact),
            str(path),
            weight_type=QuantType.QInt8,
            reduce_range=True,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"],
        )


def main() -> None:
    """Export a reader's weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("weights", type=Path, nargs="+", help="of several, their mean")
    parser.add_argument("--out", type=Path, required=True, help="the graph's file")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--examples", type=Path, default=Path("training/work/elsewhere.jsonl"), help="what it reads")
    parser.add_argument("--first", type=int, default=LONGEST_QUESTION, help="pieces of the first text, at most")
    given = parser.parse_args()
    reader = Reader(given.layers, attention="eager")
    load_mean(reader, given.weights)
    examples, pieces = read_examples(given.examples), Pieces()
    seen = Lists(examples[:: max(1, len(examples) // LOOKED_AT)], pieces, WITH_QUESTION, given.first).lists
    smooth(reader, [each[0] for each in seen], pieces)
    export(reader, given.out)


if __name__ == "__main__":
    main()
