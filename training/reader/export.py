"""The reader as the product runs it: `python -m training.reader.export --help`.

ONNX, its matrices int8, beside the word pieces.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.reader.model import Reader, load_mean


def export(reader: torch.nn.Module, path: Path, gives: str = "logits") -> None:
    """Write a model's graph; inputs and output are those of `index.embedding.transformer.Transformer`.

    Args:
        reader: From vectors of pieces, what is no padding and which text each belongs to.
        path: The graph's file.
        gives: What its output is called.
    """
    reader.eval()
    axes = {0: "sequences", 1: "length"}
    length = torch.ones(2, 16, dtype=torch.long)
    with tempfile.TemporaryDirectory() as work:
        exact = Path(work) / path.name
        torch.onnx.export(
            reader,
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
    parser.add_argument("--layers", type=int, default=6)
    given = parser.parse_args()
    reader = Reader(given.layers, attention="eager")
    load_mean(reader, given.weights)
    export(reader, given.out)


if __name__ == "__main__":
    main()
