"""Turn a trained network into a bundle.

Safetensors for PyTorch, ONNX for ONNX Runtime, checked to give the same.

The ONNX graph holds everything up to the probability, ``sigmoid(logits / temperature)``, so that a
light installation needs nothing but ONNX Runtime. Batch, height and width are free; height and
width must be multiples of the card's ``multiple_of_px``.

Some things are put differently in the graph, with the same result, because ONNX Runtime then
computes a network on the CPU in one go without leaving its blocked layout (NCHWc): of a U-Net
constant padding, doubling by a constant factor, and a last convolution in two parts; perceptrons on
neighbourhoods are merged (:mod:`engine.models.merged`).
"""

from __future__ import annotations

import copy
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoderBlock
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import BundleError
from engine.models.bundle import ModelBundle, write_bundle
from engine.models.card import ModelCard
from engine.models.merged import merge_perceptrons
from engine.models.networks import Segmenter, probability

OPSET = 18
"""Read by ONNX Runtime 1.17, the oldest that the light installation allows (it reads up to 20)."""
TOLERANCE = 1e-4


class _Probability(nn.Module):
    """The graph that is exported: normalised image to probability."""

    def __init__(self, model: Segmenter) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return probability(self.model, image)


def export_bundle(
    model: Segmenter, card: ModelCard, folder: Path, *, onnx: bool = True
) -> ModelBundle:
    """Write a network as a bundle, after checking that its forms agree.

    Args:
        model: The trained network; it is copied to the CPU and left as it is.
        card: Its card; ``files`` is filled in, ``network["temperature"]`` and ``reach_px`` are
            taken from the model.
        folder: Where the bundle goes, usually named like the model; an older bundle there is
            replaced.
        onnx: Write the network as ONNX, too; without it, detection needs PyTorch.

    Returns:
        The bundle, opened again.

    Raises:
        BundleError: The weights hold NaN or infinities, or the ONNX graph differs from the network
            by more than :data:`TOLERANCE`.
    """
    network = copy.deepcopy(model).cpu().float().eval()
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    broken = [name for name, value in weights.items() if not np.isfinite(value).all()]
    if broken:
        raise BundleError(
            f"The network {card.name} cannot be exported: {broken[0]} holds NaN or infinity; its"
            " training diverged."
        )
    described = replace(
        card,
        network={**card.network, "temperature": model.temperature},
        reach_px=reach_px(model, card.input_scale),
    )
    if not onnx:
        limit = "It has no ONNX form: detection needs an installation with PyTorch."
        limits = (*card.limits, *([] if limit in card.limits else [limit]))
        return write_bundle(folder, replace(described, limits=limits), weights, None)
    graph = to_onnx(network, len(card.channels), card.multiple_of_px)
    difference = largest_difference(network, graph, len(card.channels), card.multiple_of_px)
    if not difference <= TOLERANCE:
        raise BundleError(
            f"The network {card.name} cannot be exported: as ONNX its probabilities differ by"
            f" {difference:.1e} from PyTorch's, more than {TOLERANCE:.0e}; an operation in it has"
            " no faithful ONNX form."
        )
    return write_bundle(folder, described, weights, graph)


def reach_px(model: Segmenter, input_scale: int = 1) -> int | None:
    """How far a result depends on its surroundings, in pixels before scaling.

    None where the network does not say.

    Args:
        model: A network, which may say how far it sees.
        input_scale: Factor by which images are enlarged before it, bilinear between pixel centres.
    """
    reach = model.reach_px
    if reach is None:
        return None
    # The outermost enlarged pixel that a pixel's mean depends on lies reach + (scale - 1) / 2 from
    # its centre.
    return -(-(2 * reach + input_scale - 1) // (2 * input_scale))


def to_onnx(model: Segmenter, channels: int, multiple_px: int) -> bytes:
    """Export the graph image (N, C, h, w) → probability (N, h, w).

    Args:
        model: The network, on the CPU.
        channels: Number of input channels.
        multiple_px: Sides of the input are multiples of this.

    Returns:
        A serialised ONNX model, weights included.
    """
    example = torch.zeros(2, channels, 4 * multiple_px, 4 * multiple_px)
    fixed = copy.deepcopy(model).eval()
    fixed.network = merge_perceptrons(fixed.network)
    fix_padding(fixed)
    fix_doubling(fixed)
    split_last_convolutions(fixed)
    axes = {"image": {0: "n", 2: "h", 3: "w"}, "probability": {0: "n", 1: "h", 2: "w"}}
    with tempfile.TemporaryDirectory() as folder, _quiet(), torch.no_grad():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            _Probability(fixed),
            (example,),
            path,
            input_names=["image"],
            output_names=["probability"],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        return path.read_bytes()


def fix_padding(module: nn.Module) -> None:
    """Replace size-dependent "same" padding by constant padding.

    Strided convolutions of TensorFlow's networks have it; for allowed input sizes both are the
    same.

    Sides that are multiples of the stride are padded by kernel - stride in all, the odd pixel
    after. Computed from the size at run time, the padding could not be merged into the convolution.
    """
    for name, child in module.named_children():
        if isinstance(child, Conv2dSame):
            setattr(module, name, _constant_padding(child))
        else:
            fix_padding(child)


def _constant_padding(convolution: nn.Conv2d) -> nn.Module:
    after: list[int] = []
    for kernel, stride, dilation in zip(
        convolution.kernel_size[::-1],
        convolution.stride[::-1],
        convolution.dilation[::-1],
        strict=True,
    ):
        total = max(0, dilation * (kernel - 1) + 1 - stride)
        after += [total // 2, total - total // 2]
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        (convolution.kernel_size[0], convolution.kernel_size[1]),
        (convolution.stride[0], convolution.stride[1]),
        0,
        (convolution.dilation[0], convolution.dilation[1]),
        convolution.groups,
        convolution.bias is not None,
    )
    plain.load_state_dict(convolution.state_dict())
    left, right, top, bottom = after
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), plain)


def fix_doubling(module: nn.Module) -> None:
    """Let the blocks of a U-Net's decoder enlarge by the constant two.

    They enlarge to the size of the next finer feature otherwise.

    They are the same for allowed input sizes. To a size computed at run time, ONNX Runtime's
    blocked layout cannot enlarge.
    """
    for name, child in module.named_children():
        if isinstance(child, UnetDecoderBlock) and child.interpolation_mode == "nearest":
            setattr(module, name, _Doubling(child))
        else:
            fix_doubling(child)


class _Doubling(nn.Module):
    """A block of smp's U-Net decoder, called as it is called there."""

    def __init__(self, block: UnetDecoderBlock) -> None:
        super().__init__()
        self.block = block

    def forward(
        self, x: Tensor, _rows: int, _columns: int, skip_connection: Tensor | None = None
    ) -> Tensor:
        x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        if skip_connection is not None:
            x = self.block.attention1(torch.cat([x, skip_connection], dim=1))
        result: Tensor = self.block.attention2(self.block.conv2(self.block.conv1(x)))
        return result


def split_last_convolutions(module: nn.Module) -> None:
    """Split a 3 x 3 convolution to one channel in two.

    The first runs inside every channel, the second sums the channels.

    The blocked layout computes 8 or 16 output channels whether they are wanted or not; like this
    only the sum pays for them.
    """
    for name, child in module.named_children():
        if (
            isinstance(child, nn.Conv2d)
            and child.out_channels == 1 < child.in_channels
            and _three_by_three(child)
        ):
            setattr(module, name, _inside_then_sum(child))
        else:
            split_last_convolutions(child)


def _three_by_three(convolution: nn.Conv2d) -> bool:
    return (
        convolution.kernel_size == (3, 3)
        and convolution.padding_mode == "zeros"
        and convolution.padding == convolution.dilation == (1, 1)
    )


def _inside_then_sum(convolution: nn.Conv2d) -> nn.Sequential:
    channels, (rows, columns) = convolution.in_channels, convolution.stride
    inside = nn.Conv2d(channels, channels, 3, (rows, columns), 1, groups=channels, bias=False)
    total = nn.Conv2d(channels, 1, 1, bias=convolution.bias is not None)
    with torch.no_grad():
        inside.weight.copy_(convolution.weight[0][:, None])
        total.weight.fill_(1.0)
        if total.bias is not None and convolution.bias is not None:
            total.bias.copy_(convolution.bias)
    return nn.Sequential(inside, total)


def largest_difference(model: Segmenter, graph: bytes, channels: int, multiple_px: int) -> float:
    """Largest difference between PyTorch's and ONNX Runtime's probabilities.

    Measured over inputs of several shapes.

    Args:
        model: The network.
        graph: What :func:`to_onnx` gave for it.
        channels: Number of input channels.
        multiple_px: Sides of the inputs are multiples of this.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    differences = []
    for count, rows, columns in ((1, 4, 4), (3, 2, 5), (1, 8, 8)):
        shape = (count, channels, rows * multiple_px, columns * multiple_px)
        image = generator.normal(size=shape).astype(np.float32)
        image[:, channels // 2 :, : multiple_px // 2] = 0.0  # as a missing channel and nodata look
        ours: NDArray[np.float32] = _run(model, image)
        theirs: NDArray[np.float32] = session.run(["probability"], {"image": image})[0]
        differences.append(
            float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
        )
    return max(differences)


def _run(model: Segmenter, image: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(probability(model, torch.from_numpy(image)).numpy(), np.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the tracing exporter.

    It is deprecated in favour of one that fixes sizes which this network computes. Where it fails
    it writes the whole graph to the process's standard output, among the events of `--events json`.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with warnings.catch_warnings(), Path(os.devnull).open("wb") as nowhere:
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 1)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        logger.setLevel(level)
