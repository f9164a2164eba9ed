"""Small stacks and bundles whose results can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.models.normalization import Normalization

ORIGIN = (500_000.0, 2_500_000.0)
RGB = ("B02", "B03", "B04")


def conv_onnx(kernel: np.ndarray, bias: float = 0.0) -> bytes:
    """``sigmoid(conv(image, kernel) + bias)`` with zero padding; kernel of shape (channels, rows,
    columns)."""
    channels, rows, columns = kernel.shape
    nodes = [
        helper.make_node(
            "Conv",
            ["image", "w", "b"],
            ["c"],
            pads=[rows // 2, columns // 2, rows // 2, columns // 2],
        ),
        helper.make_node("Sigmoid", ["c"], ["s"]),
        helper.make_node("Squeeze", ["s", "axis"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", channels, "h", "w"])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", "h", "w"])],
        [
            numpy_helper.from_array(kernel[None].astype(np.float32), "w"),
            numpy_helper.from_array(np.array([bias], np.float32), "b"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def fixed(channels: Sequence[str], mean: float = 1000.0, std: float = 200.0) -> Normalization:
    """The same known shift and scale for every channel, whatever the scene."""
    n = len(channels)
    return Normalization(tuple(channels), ("fixed",) * n, (mean,) * n, (std,) * n)


def scene(
    shape: tuple[int, int], channels: Sequence[str] = RGB, seed: int = 0
) -> dict[str, np.ndarray]:
    """Noise around 1000 DN with a standard deviation of 200."""
    rng = np.random.default_rng(seed)
    return {name: 1000 + 200 * rng.standard_normal(shape).astype(np.float32) for name in channels}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def read(path: Path) -> np.ndarray:
    """A probability raster as float, NaN for nodata."""
    from engine.handles import ProbabilityRaster

    with ProbabilityRaster.open(path).reader() as reader:
        return reader.read()
