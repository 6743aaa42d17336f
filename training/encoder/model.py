"""The encoder as the product runs it: `python -m training.encoder.model --help`.

multilingual-e5-small, all twelve layers, as `training.encoder.meaning` and `training.encoder.asking` taught it: the
mean of its last states, at length one.
"""

import argparse
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import save_file

from index.embedding.encoder import PASSAGE, QUERY, alone
from index.embedding.model_files import ENCODER
from index.embedding.transformer import Pieces
from training.reader.examples import read_examples
from training.reader.export import LOOKED_AT, export, smooth
from training.reader.model import Reader, load_mean, mean_state, new_reader

LAYERS = 12


class Encoder(torch.nn.Module):
    """Vectors of pieces in, one unit vector a sequence out."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.bert = reader.bert

    def forward(self, words: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """Return (n, 384) of words (n, length, 384) and mask (n, length); kinds are looked away from."""
        mean = mean_state(self.bert, words, mask, kinds * 0)
        return mean / mean.norm(dim=1, keepdim=True)

    def save(self, path: Path) -> None:
        """Write its weights to a safetensors file."""
        save_file({name: values.contiguous() for name, values in self.state_dict().items()}, path)


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
    parser.add_argument("--examples", type=Path, help="it embeds questions as these; without, passages of `--data`")
    given = parser.parse_args()
    if given.examples:
        texts = [QUERY + each.question for each in read_examples(given.examples)[:LOOKED_AT]]
    else:
        folders = sorted(path for path in given.data.iterdir() if path.is_dir())
        many = LOOKED_AT // len(folders)
        texts = [PASSAGE + text for folder in folders for text in islice(_paragraphs(folder), many)]
    model = Encoder(new_reader(LAYERS, "eager")).eval()
    if given.weights:
        load_mean(model, [given.weights])
    pieces = Pieces()
    smooth(model, [alone(own) for own in pieces.of(texts)], pieces)
    export(model, given.out, "vectors")


if __name__ == "__main__":
    main()
