"""The encoder as the product runs it: `python -m training.reader.encoder --help`.

multilingual-e5-small, all twelve layers, as `training.reader.meaning` taught it: the mean of its last states, at length
one. Quantised as it is, its vectors lose much: a few numbers of its states are many times as large as the others, and
all share one scale. So each matrix first takes a part of the scale of what it is multiplied with (Xiao et al. 2023,
"SmoothQuant"), as seen on texts of the documentations that are learned from.
"""

import argparse
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from index.embedding.encoder import PASSAGE, alone
from index.embedding.model_files import ENCODER
from index.embedding.transformer import Pieces
from training.reader.export import export
from training.reader.model import Reader, mean_state, new_reader

LAYERS = 12
SHARE = 0.7
"""Exponent of the inputs' largest numbers in a matrix's scale, beside that of its own: 0.5, 0.8, 0.9 are worse."""
LOOKED_AT = 60
"""Texts that the scales are seen on."""


class Encoder(torch.nn.Module):
    """Vectors of pieces in, one unit vector a sequence out."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.bert = reader.bert

    def forward(self, words: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """Return (n, 384) of words (n, length, 384) and mask (n, length); kinds are looked away from."""
        mean = mean_state(self.bert, words, mask, kinds * 0)
        return mean / mean.norm(dim=1, keepdim=True)


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


def smooth(model: torch.nn.Module, texts: Sequence[str]) -> None:
    """Put a smoothed layer in the place of every linear one."""
    linear = {name: each for name, each in model.named_modules() if isinstance(each, torch.nn.Linear)}
    largest = _largest(model, linear, texts)
    for name, layer in linear.items():
        own = layer.weight.detach().abs().amax(0).clamp(min=1e-5)
        scale = largest[name].clamp(min=1e-5) ** SHARE / own ** (1 - SHARE)
        parent, _, attribute = name.rpartition(".")
        setattr(model.get_submodule(parent), attribute, Smoothed(layer, scale / scale.median()))


def _largest(
    model: torch.nn.Module, linear: dict[str, torch.nn.Linear], texts: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Return, for each layer, the largest magnitude of each number that comes in."""
    largest: dict[str, torch.Tensor] = {}
    name_of = {layer: name for name, layer in linear.items()}

    def look(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen = inputs[0].detach().abs().flatten(0, -2).amax(0)
        name = name_of[layer]  # type: ignore[index] # hooked to linear layers only
        largest[name] = torch.maximum(largest.get(name, seen), seen)

    hooks = [layer.register_forward_pre_hook(look) for layer in linear.values()]
    pieces = Pieces()
    with torch.no_grad():
        for own in pieces.of(texts):
            model(*map(torch.from_numpy, pieces.batch([alone(own)])))
    for hook in hooks:
        hook.remove()
    return largest


def _paragraphs(folder: Path) -> Iterator[str]:
    """Yield a paragraph of each document of a documentation."""
    with tarfile.open(folder / "corpus.tar.gz") as packed:
        for member in packed:
            if member.name.endswith(".md") and (file := packed.extractfile(member)):
                parts = [part for part in file.read().decode("utf-8", "replace").split("\n\n") if len(part) > 200]
                yield from parts[1:2]


def main() -> None:
    """Write the graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_docs"))
    parser.add_argument("--out", type=Path, default=ENCODER)
    parser.add_argument("--weights", type=Path, help="what was learned; without, multilingual-e5-small as it comes")
    given = parser.parse_args()
    folders = sorted(path for path in given.data.iterdir() if path.is_dir())
    texts = [
        PASSAGE + text
        for folder in folders
        for text, _ in zip(_paragraphs(folder), range(LOOKED_AT // len(folders)), strict=False)
    ]
    model = Encoder(new_reader(LAYERS, "eager")).eval()
    if given.weights:
        model.load_state_dict(load_file(given.weights))
    smooth(model, texts)
    export(model, given.out, "vectors")


if __name__ == "__main__":
    main()
