"""Another program's ONNX model becomes a bundle for detection.

The graph is wrapped, not trained: its input is named and normalised as a card describes, and its
output becomes the probability of one class.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME, NAMES, channel_name
from engine.errors import BundleError, ConfigError, DependencyError, OutputError
from engine.events import SILENT, Reporter
from engine.models.bundle import ModelBundle, write_bundle
from engine.models.card import ModelCard
from engine.models.foreign import ForeignModel, describe_foreign
from engine.models.integrity import require_weights_inside
from engine.models.normalization import Mode, Normalization

Output = Literal["auto", "probability", "logits"]

PIXEL_M = 10.0
"""Ground size of the pixels that detection works on."""

_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_NO_CLIP = 1e6
_LARGEST_SCALE = 4
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ImportConfig:
    """What the model's own description leaves open, or says wrongly.

    Attributes:
        name: Name of the bundle; the file's by default.
        channels: Channels of the input, in order.
        unit: DN that the network reads as 1: 10000 for reflectance, 1 for raw DN.
        landslide: Number or name of the class that is landslide.
        statistics: ``fixed`` normalises by the numbers of the description, as the other program
            does; ``scene`` by each scene's own mean and standard deviation, for networks that were
            trained so.
        output: Whether the network gives probabilities or logits; ``auto`` looks at its values.
        threshold: Probability from which a pixel is landslide.
        licence: Licence of the weights.
    """

    name: str = ""
    channels: tuple[str, ...] = ()
    unit: float | None = None
    landslide: str = ""
    statistics: Literal["fixed", "scene"] = "fixed"
    output: Output = "auto"
    threshold: float | None = None
    licence: str = ""


@dataclass(frozen=True)
class _Wrapped:
    graph: bytes
    multiple_px: int
    landslide: int
    output: Literal["probability", "logits"]


def import_model(
    path: Path, out: Path, *, config: ImportConfig | None = None, reporter: Reporter = SILENT
) -> ModelBundle:
    """Make a bundle of another program's ONNX model.

    Args:
        path: ONNX file, with or without Deepness's metadata, or a STAC item of the extension MLM.
        out: Folder that receives the bundle, named like the model.
        config: What the description leaves open.
        reporter: Told what was assumed.

    Returns:
        The bundle.

    Raises:
        BundleError: The model is no segmentation of images into classes, or has a fixed size.
        ConfigError: Something has to be stated that the file does not tell.
        OutputError: There is a bundle of that name already.
        DependencyError: The package ``onnx`` is missing.
    """
    config = config or ImportConfig()
    foreign = _completed(describe_foreign(path), config)
    require_weights_inside(foreign.onnx)
    wrapped = _wrap(foreign, config)
    card = _card(foreign, wrapped, config)
    if (out / card.name).exists():
        raise OutputError(f"{out / card.name} exists already; choose another --name or folder.")
    reporter.log(
        f"{foreign.onnx.name} reads {', '.join(foreign.channels)} ({foreign.origin}); its class"
        f" {wrapped.landslide} is taken as landslide, its output as {wrapped.output}."
    )
    return write_bundle(out / card.name, card, None, wrapped.graph)


def _completed(model: ForeignModel, config: ImportConfig) -> ForeignModel:
    """The description with what the caller states; nothing is guessed."""
    model = replace(
        model,
        channels=config.channels or model.channels,
        unit=config.unit if config.unit is not None else model.unit,
        threshold=config.threshold if config.threshold is not None else model.threshold,
        licence=config.licence or model.licence,
    )
    if not model.channels:
        raise ConfigError(
            f"{model.onnx.name} does not tell which channels it reads; state them in their order,"
            " for instance --channels B04 B03 B02."
        )
    if model.unit is None:
        raise ConfigError(
            f"{model.onnx.name} does not tell what its values mean; state the DN that it reads as"
            " 1 with --unit: 10000 for reflectance from 0 to 1, 1 for DN as they are."
        )
    if not (np.isfinite(model.unit) and model.unit > 0):
        raise ConfigError(f"--unit is a positive number of DN, not {model.unit:g}.")
    count = len(model.channels)
    for name, values in (("mean", model.mean), ("std", model.std)):
        if values and len(values) not in (1, count):
            raise BundleError(
                f"{model.onnx.name} standardises {len(values)} channels by its {name}, but reads"
                f" {count} ({', '.join(model.channels)}); state the right --channels."
            )
    if any(not value > 0 for value in model.std):
        raise BundleError(
            f"{model.onnx.name} standardises by {min(model.std):g}; positive values are needed."
        )
    return model


def _wrap(model: ForeignModel, config: ImportConfig) -> _Wrapped:
    """The bundle's graph around that of another program.

    Image (N, C, h, w) → probability (N, h, w).
    """
    try:
        import onnx
    except ImportError as error:
        raise DependencyError(
            "The package onnx, which rewrites models of other programs, is not installed; install"
            " the extra `train`."
        ) from error
    try:
        proto = onnx.load(str(model.onnx), load_external_data=False)
    except Exception as error:  # protobuf's errors have no common root that is public
        raise BundleError(
            f"{model.onnx} is not an ONNX file ({error}); export it again."
        ) from error
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(proto.graph.output) != 1:
        raise BundleError(
            f"{model.onnx.name} has {len(inputs)} inputs and {len(proto.graph.output)} outputs, but"
            " one image and one map of classes are needed."
        )
    _make_sizes_free(proto, inputs[0])
    session = _session(proto.SerializeToString(), model.onnx)
    multiple, sample = _probe(session, inputs[0].name, len(model.channels), model.onnx)
    classes = sample.shape[1] if sample.ndim == 4 else 1
    landslide = _landslide_class(model, config.landslide, classes)
    output = _output_kind(sample, config.output)
    whole = _add_probability(proto, sample.ndim, classes, landslide, output)
    graph = whole.SerializeToString()
    _check(session, graph, inputs[0].name, multiple, (landslide, output), model)
    return _Wrapped(graph, multiple, landslide, output)


def _make_sizes_free(proto: Any, image: Any) -> None:
    """Declare batch, height and width as free; forget noted shapes."""
    del proto.graph.value_info[:]
    for value in (image, proto.graph.output[0]):
        dims = value.type.tensor_type.shape.dim
        for axis, dim in enumerate(dims):
            if axis != 1 or len(dims) != 4:
                dim.ClearField("dim_value")
                dim.dim_param = f"{value.name}_{axis}"


def _session(graph: bytes, path: Path) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common root of its errors
        first = (str(error).strip().splitlines() or ["unknown error"])[0][:160]
        raise BundleError(f"{path.name} cannot be run ({first}); export it again.") from error


def _probe(session: Any, name: str, channels: int, path: Path) -> tuple[int, NDArray[np.float32]]:
    """The multiple of pixels that a network wants, and a sample output."""
    rng = np.random.default_rng(0)
    reason = "no size that was tried worked"
    for multiple in _MULTIPLES:
        rows, columns = (max(1, -(-16 // multiple)) + more for more in (1, 2))
        shape = (2, channels, rows * multiple, columns * multiple)
        try:
            (output,) = session.run(None, {name: rng.normal(size=shape).astype(np.float32)})
        except Exception as error:  # as above
            reason = (str(error).strip().splitlines() or [reason])[0][-160:]
            continue
        output = np.asarray(output)
        if output.shape[-2:] != shape[2:] or output.ndim not in (3, 4) or len(output) != 2:
            reason = f"images of {shape} became {output.shape}"
            continue
        if output.dtype.kind != "f":
            raise BundleError(
                f"{path.name} gives the number of a class ({output.dtype}), but probabilities or"
                " logits are needed to choose a threshold; export it without its argmax."
            )
        return multiple, output.astype(np.float32)
    raise BundleError(
        f"{path.name} does not take {channels} channels at sizes of choice ({reason}); export it"
        " with free height and width, and state the channels that it reads."
    )


def _landslide_class(model: ForeignModel, wanted: str, classes: int) -> int:
    names = model.classes
    if wanted:
        found = (
            int(wanted)
            if wanted.isdigit()
            else next((n for n, name in enumerate(names) if name.lower() == wanted.lower()), -1)
        )
    elif classes == 1:
        found = 0
    else:
        slides = [n for n, name in enumerate(names) if re.search(r"land.?slide|scar", name, re.I)]
        found = slides[0] if len(slides) == 1 else 1 if classes == 2 and not names else -1
    if not 0 <= found < classes:
        known = ", ".join(f"{n} {name}" for n, name in enumerate(names)) or f"0 to {classes - 1}"
        raise ConfigError(
            f"{model.onnx.name} has {classes} classes ({known}); state which one is landslide with"
            " --class."
        )
    return found


def _output_kind(sample: NDArray[np.float32], wanted: Output) -> Literal["probability", "logits"]:
    if wanted != "auto":
        return wanted
    inside = bool((sample >= 0).all() and (sample <= 1 + _TOLERANCE).all())
    classes = sample.shape[1] if sample.ndim == 4 else 1
    sums = bool(classes == 1 or np.allclose(sample.sum(axis=1), 1, atol=1e-3))
    return "probability" if inside and sums else "logits"


def _add_probability(proto: Any, ndim: int, classes: int, landslide: int, output: str) -> Any:
    """The graph from ``image`` to ``probability``, with prefixed names."""
    from onnx import TensorProto, compose, helper

    inner = compose.add_prefix(proto, "foreign/")
    graph = inner.graph
    weights = {tensor.name for tensor in graph.initializer}
    image = next(value for value in graph.input if value.name not in weights)
    channels = image.type.tensor_type.shape.dim[1].dim_value or "c"
    graph.node.insert(0, helper.make_node("Identity", ["image"], [image.name]))
    last = graph.output[0].name
    if output == "logits":
        softmax = helper.make_node("Softmax", [last], ["classes"], axis=1)
        sigmoid = helper.make_node("Sigmoid", [last], ["classes"])
        graph.node.append(softmax if classes > 1 else sigmoid)
        last = "classes"
    if ndim == 4:
        index = helper.make_tensor("landslide", TensorProto.INT64, [], [landslide])
        graph.initializer.append(index)
        graph.node.append(helper.make_node("Gather", [last, "landslide"], ["probability"], axis=1))
    else:
        graph.node.append(helper.make_node("Identity", [last], ["probability"]))
    graph.input.remove(image)
    shape = ["n", channels, "h", "w"]
    graph.input.insert(0, helper.make_tensor_value_info("image", TensorProto.FLOAT, shape))
    del graph.output[:]
    shape = ["n", "h", "w"]
    graph.output.append(helper.make_tensor_value_info("probability", TensorProto.FLOAT, shape))
    return inner


def _check(
    before: Any, graph: bytes, name: str, multiple: int, what: tuple[int, str], model: ForeignModel
) -> None:
    """The wrapped graph must give what the original gives."""
    landslide, output = what
    side = multiple * max(1, -(-16 // multiple))
    shape = (1, len(model.channels), side, side)
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    raw = np.asarray(before.run(None, {name: image})[0], np.float64)
    raw = raw if raw.ndim == 4 else raw[:, None]
    if output == "logits":
        odds = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw = odds / odds.sum(axis=1, keepdims=True) if raw.shape[1] > 1 else 1 / (1 + np.exp(-raw))
    (ours,) = _session(graph, model.onnx).run(["probability"], {"image": image})
    difference = float(np.abs(np.asarray(ours) - raw[:, landslide]).max())
    if not difference <= _TOLERANCE:
        raise BundleError(
            f"{model.onnx.name} cannot be taken over: wrapped, its probabilities differ by"
            f" {difference:.1e} from its own."
        )


def _card(model: ForeignModel, wrapped: _Wrapped, config: ImportConfig) -> ModelCard:
    count = len(model.channels)
    unit = float(model.unit or 1.0)
    mean, std = (
        tuple(unit * value for value in (values * count if len(values) == 1 else values))
        for values in (model.mean or (0.0,), model.std or (1.0,))
    )
    modes = tuple(_mode(name, config) for name in model.channels)
    scale = _input_scale(model)
    digest = hashlib.sha256(model.onnx.read_bytes()).hexdigest()
    name = config.name or re.sub(r"[^a-z0-9._-]+", "-", model.onnx.stem.lower()).strip("-._")
    steps = max(1, (model.window_px or 256) // scale // wrapped.multiple_px)
    return ModelCard(
        name=name or "imported",
        version="1",
        title=f"Imported from {model.onnx.name}",
        description=(
            f"A model of another program ({model.origin}), wrapped so that it gives the probability"
            f" of its class {wrapped.landslide}. It reads {', '.join(model.channels)}, each divided"
            f" by {unit:g} DN."
        ),
        network={"builder": "imported", "sha256": digest},
        normalization=Normalization(model.channels, modes, mean, std, clip=_NO_CLIP),
        required=model.channels,
        threshold=model.threshold if model.threshold is not None else 0.5,
        window_px=steps * wrapped.multiple_px,
        multiple_of_px=wrapped.multiple_px,
        input_scale=scale,
        training={"imported_from": model.onnx.name, "sha256": digest, "described_by": model.origin},
        limits=("It was not trained or scored by this program; compare its map with a reference.",),
        licence=model.licence or "not stated",
    )


def _mode(channel: str, config: ImportConfig) -> Mode:
    if config.statistics == "fixed" or channel == "slope":
        return "fixed"
    return "scene" if BY_NAME[channel].optical else "centre"


def _input_scale(model: ForeignModel) -> int:
    """By what 10 m images are enlarged for networks of finer pixels."""
    if model.resolution_m is None:
        return 1
    scale = PIXEL_M / model.resolution_m if model.resolution_m > 0 else 0.0
    if not 0.7 <= scale <= _LARGEST_SCALE + 0.5:
        raise BundleError(
            f"{model.onnx.name} was made for pixels of {model.resolution_m:g} m; pixels of"
            f" {PIXEL_M / _LARGEST_SCALE:g} to 14 m can be served from Sentinel-2's 10 m."
        )
    return max(1, round(scale))


def parse_channels(names: Sequence[str]) -> tuple[str, ...]:
    """Channel names as people write them, in the stack's writing.

    ``B4``, ``dem`` …

    Raises:
        ConfigError: One is no channel of the stack.
    """
    found = [channel_name(name) for name in names]
    for name, channel in zip(names, found, strict=True):
        if channel is None:
            raise ConfigError(
                f"{name} is no channel of the stack; its channels are {', '.join(NAMES)}."
            )
    return tuple(name for name in found if name is not None)
