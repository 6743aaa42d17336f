"""The reader as the product runs it: `python -m training.reader.export --help`.

ONNX, its matrices int8: `cross-encoder.onnx`, beside the word pieces.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file

from training.reader.model import Reader

NAME = "cross-encoder.onnx"


def export(reader: Reader, folder: Path) -> None:
    """Write a reader's graph; inputs and output are those of `index.embedding.transformer.Transformer`."""
    reader.eval()
    axes = {0: "sequences", 1: "length"}
    length = torch.ones(2, 16, dtype=torch.long)
    with tempfile.TemporaryDirectory() as work:
        exact = Path(work) / NAME
        torch.onnx.export(
            reader,
            (torch.zeros(2, 16, 384), length, torch.zeros_like(length)),
            str(exact),
            input_names=["words", "mask", "kinds"],
            output_names=["logits"],
            dynamic_axes={"words": axes, "mask": axes, "kinds": axes, "logits": {0: "sequences"}},
            opset_version=17,
            dynamo=False,
        )
        # Sums of int8 products overflow 16 bits on processors without VNNI: one bit less is safe on all.
        quantize_dynamic(
            str(exact),
            str(folder / NAME),
            weight_type=QuantType.QInt8,
            reduce_range=True,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"],
        )


def main() -> None:
    """Export a reader's weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=6)
    given = parser.parse_args()
    reader = Reader(given.layers, attention="eager")
    reader.load_state_dict(load_file(given.weights))
    export(reader, given.out)


if __name__ == "__main__":
    main()
