"""What another program's ONNX model tells of itself.

Deepness's metadata, or STAC items of the extension MLM.

Sources: metadata keys of the QGIS plugin Deepness ("Add metadata to model" in its documentation);
the STAC extension *Machine Learning Model* (MLM) 1.4 and later.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.bands import channel_name
from engine.errors import BundleError, InputError, MissingFileError, UnreadableFileError

_LARGEST_ITEM = 8 * 2**20


@dataclass(frozen=True)
class ForeignModel:
    """A segmentation model of another program, as its files tell.

    What the network reads is ``(DN / unit - mean) / std``, channel by channel.

    Attributes:
        onnx: The ONNX file.
        origin: Which description was found, for provenance.
        channels: Names of its input channels in order; empty where nothing tells.
        unit: DN that the network reads as 1; None where nothing tells.
        mean: Subtracted from each channel; empty for 0.
        std: Divides each channel; empty for 1.
        classes: Names of its output classes in order; empty where nothing tells.
        resolution_m: Ground size of a pixel; None where nothing tells.
        window_px: Side of the images that it was made for; None where nothing tells.
        threshold: Probability from which a pixel counts; None where nothing tells.
        licence: Licence of the weights; empty where nothing tells.
    """

    onnx: Path
    origin: str
    channels: tuple[str, ...] = ()
    unit: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    resolution_m: float | None = None
    window_px: int | None = None
    threshold: float | None = None
    licence: str = ""


def describe_foreign(path: Path) -> ForeignModel:
    """Read what an ONNX file, or the STAC item of one, tells of itself.

    Args:
        path: ``.onnx`` file, or a STAC item (``.json``) with an asset of role ``mlm:model`` beside
            it.

    Raises:
        MissingFileError: There is no such file, or the item's model is not beside it.
        UnreadableFileError: It is not JSON.
        BundleError: The description contradicts itself.
    """
    if not path.is_file():
        raise MissingFileError(f"There is no file {path}; check the path.")
    if path.suffix.lower() == ".json":
        return _of_item(path)
    return _of_metadata(path, _metadata(path))


def _metadata(path: Path) -> dict[str, str]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Reading the metadata needs no optimised graph.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common root of its errors
        first = (str(error).strip().splitlines() or ["unknown error"])[0][:200]
        raise BundleError(
            f"{path} cannot be opened as an ONNX model ({first}); export it again."
        ) from error
    return dict(session.get_modelmeta().custom_metadata_map)


def _of_metadata(path: Path, metadata: Mapping[str, str]) -> ForeignModel:
    def value(key: str) -> Any:
        return _literal(metadata[key], key, path) if key in metadata else None

    model = ForeignModel(path, "Deepness metadata" if "model_type" in metadata else "no metadata")
    kind = str(value("model_type") or "Segmentor").capitalize()
    if kind != "Segmentor":
        raise BundleError(
            f"{path} is a {kind.lower()} by its metadata, but a segmentation model is needed"
            " (model_type Segmentor)."
        )
    resolution_cm = _number(value("resolution"), "resolution", path)
    window = _number(value("tile_size"), "tile_size", path)
    return replace(
        model,
        mean=_numbers(value("standardization_mean"), "standardization_mean", path),
        std=_numbers(value("standardization_std"), "standardization_std", path),
        classes=_class_names(value("class_names") or value("names"), path),
        resolution_m=None if resolution_cm is None else resolution_cm / 100,
        window_px=None if window is None else int(window),
        threshold=_number(value("seg_thresh"), "seg_thresh", path),
    )


def _literal(text: str, key: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text[:10_000])  # dictionaries with numbers as keys
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if key == "model_type":
            return text
        raise BundleError(
            f"The metadata {key} of {path} cannot be read ({text[:60]!r}); it is JSON in models"
            " that Deepness reads."
        ) from None


def _class_names(value: Any, path: Path) -> tuple[str, ...]:
    if value is None:
        return ()
    try:
        pairs = sorted((int(key), str(name)) for key, name in dict(value).items())
    except (TypeError, ValueError) as error:
        raise BundleError(
            f"The class names of {path} are not pairs of a number and a name; correct its metadata."
        ) from error
    if [key for key, _ in pairs] != list(range(len(pairs))):
        raise BundleError(
            f"The class names of {path} are numbered {', '.join(str(key) for key, _ in pairs)},"
            " but 0, 1, 2 … is needed; correct its metadata."
        )
    return tuple(name for _, name in pairs)


def _of_item(path: Path) -> ForeignModel:
    """Read a STAC item with the extension MLM."""
    if path.stat().st_size > _LARGEST_ITEM:
        raise UnreadableFileError(f"{path} is too large for a STAC item; give the model's item.")
    try:
        item = json.loads(path.read_text(encoding="utf-8"))
        properties = dict(item["properties"])
        (given,) = properties["mlm:input"]
        (result,) = properties["mlm:output"]
        onnx = _asset(item["assets"], path)
        names = [band if isinstance(band, str) else band["name"] for band in given["bands"]]
        scaling = given.get("value_scaling") or []
        classes = {
            int(entry["value"]): entry.get("name") or entry.get("description", "")
            for entry in result.get("classification:classes") or []
        }
        shape = dict(zip(given["input"]["dim_order"], given["input"]["shape"], strict=True))
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"{path} is not a STAC item of one model with one input and one output by the extension"
            f" MLM ({type(error).__name__}: {str(error)[:80]}); give the model's item."
        ) from error
    unit, mean, std = _scaling(scaling, len(names), path)
    height = shape.get("height", -1)
    return ForeignModel(
        onnx,
        "STAC MLM item",
        channels=_channels(names, path),
        unit=unit,
        mean=mean,
        std=std,
        classes=_class_names(classes or None, path),
        resolution_m=_number(properties.get("gsd"), "gsd", path),
        window_px=int(height) if isinstance(height, int | float) and height > 0 else None,
        licence=str(properties.get("license", "")),
    )


def _asset(assets: Mapping[str, Any], path: Path) -> Path:
    """The ONNX file of an item.

    It lies beside the item: nothing is downloaded here.
    """
    models = [a for a in assets.values() if "mlm:model" in (a.get("roles") or ())]
    if len(models) != 1:
        raise BundleError(
            f"{path} has {len(models)} assets of the role mlm:model, but one is needed."
        )
    href = str(models[0]["href"])
    found = (path.parent / href.removeprefix("file://")).resolve()
    if "://" in href.removeprefix("file://") or not found.is_file():
        raise MissingFileError(
            f"The model of {path} is {href}, which is not here; download it beside the item and"
            " point the asset at it."
        )
    if found.suffix.lower() != ".onnx":
        raise BundleError(
            f"The model of {path} is {found.name}, but an ONNX file is needed; export it as ONNX."
        )
    return found


def _scaling(
    scaling: Sequence[Mapping[str, Any] | None], channels: int, path: Path
) -> tuple[float | None, tuple[float, ...], tuple[float, ...]]:
    """Unit, mean and standard deviation of MLM's ``value_scaling``."""
    if not scaling:
        return None, (), ()
    steps = list(scaling) * channels if len(scaling) == 1 else list(scaling)
    if len(steps) != channels:
        raise BundleError(
            f"{path} scales {len(steps)} channels, but names {channels}; correct its value_scaling."
        )
    mean: list[float] = []
    std: list[float] = []
    for step in steps:
        kind = None if step is None else step.get("type")
        if step is None:
            low, width = 0.0, 1.0
        elif kind == "z-score":
            low, width = float(step["mean"]), float(step["stddev"])
        elif kind == "min-max":
            low, width = float(step["minimum"]), float(step["maximum"]) - float(step["minimum"])
        elif kind == "scale":
            low, width = 0.0, float(step["value"])
        elif kind == "offset":
            low, width = float(step["value"]), 1.0
        else:
            raise BundleError(
                f"{path} scales values by {kind!r}, which cannot be taken over; z-score, min-max,"
                " scale and offset can."
            )
        mean.append(low)
        std.append(width)
    return 1.0, tuple(mean), tuple(std)


def _channels(names: Sequence[str], path: Path) -> tuple[str, ...]:
    found = [channel_name(name) for name in names]
    unknown = [name for name, channel in zip(names, found, strict=True) if channel is None]
    if unknown:
        raise BundleError(
            f"{path} names {', '.join(unknown)}, which are no channels of the stack; give the"
            " channels with --channels."
        )
    return tuple(name for name in found if name is not None)


def _number(value: Any, key: str, path: Path) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BundleError(f"The {key} of {path} is {value!r}, but a number is needed.")
    return float(value)


def _numbers(value: Any, key: str, path: Path) -> tuple[float, ...]:
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return tuple(number for item in values if (number := _number(item, key, path)) is not None)
