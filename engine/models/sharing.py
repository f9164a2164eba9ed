"""A bundle for other programs: Deepness, or a STAC item (MLM).

Detection normalises by the scene; other programs do not. The graph written here normalises by the
statistics of the training set, which is what they can do; the result says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, DependencyError
from engine.files import atomic_path, output_folder, write_json
from engine.models.bundle import ModelBundle

MLM_SCHEMA = "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"
DEEPNESS_LEVELS = 255.0
"""Deepness divides every value by this before the network, whatever the type of the raster."""

_TILE_PX = 512
_OVERLAP_PERCENT = 15
_PIXEL_M = 10.0


def export_deepness(bundle: ModelBundle, out: Path) -> Path:
    """Write a bundle as one ONNX file that the QGIS plugin Deepness opens.

    The raster to be processed is a stack: all channels of the model, in its order, in raw units
    (DN, degrees, metres).

    Args:
        bundle: The bundle.
        out: Folder that receives ``NAME.onnx``.

    Returns:
        The file. Its input is (1, C, 512, 512), raw values divided by 255; its output (1, 2, 512,
        512) is the probability of background and of landslide.

    Raises:
        BundleError: The bundle has no ONNX form, or enlarges its images.
        DependencyError: The package ``onnx`` is missing.
    """
    graph = _self_contained(bundle, DEEPNESS_LEVELS, (1, _TILE_PX, _TILE_PX))
    card = bundle.card
    metadata = {
        "model_type": "Segmentor",
        "class_names": {0: "background", 1: "landslide"},
        "resolution": 100 * _PIXEL_M,
        "tile_size": _TILE_PX,
        "tiles_overlap": _OVERLAP_PERCENT,
        "seg_thresh": card.threshold,
        "seg_small_segment": 1,
        "standardization_mean": [0.0] * len(card.channels),
        "standardization_std": [1.0] * len(card.channels),
        "channels": list(card.channels),
        "model_name": f"{card.name} {card.version}",
        "licence": card.licence,
        "digest": bundle.digest,
    }
    for key, value in metadata.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)
    path = output_folder(out) / f"{card.name}.onnx"
    _write(path, graph)
    return path


def export_mlm(bundle: ModelBundle, out: Path) -> Path:
    """Write a bundle as an ONNX file with a STAC item (MLM) beside it.

    Args:
        bundle: The bundle.
        out: Folder that receives ``NAME.onnx`` and ``NAME.json``.

    Returns:
        The item. The network reads raw units (DN, degrees, metres), z-scored as the item says.

    Raises:
        BundleError: The bundle has no ONNX form, or enlarges its images.
        DependencyError: The package ``onnx`` is missing.
    """
    graph = _classes_after(_model(bundle), None)
    folder, name = output_folder(out), bundle.card.name
    _write(folder / f"{name}.onnx", graph)
    path = folder / f"{name}.json"
    write_json(path, mlm_item(bundle, f"./{name}.onnx"))
    return path


def mlm_item(bundle: ModelBundle, href: str) -> dict[str, Any]:
    """A STAC item that describes a bundle by the extension MLM.

    Args:
        bundle: The bundle.
        href: Where its ONNX file is found from the item.
    """
    card = bundle.card
    mean, std = _statistics(bundle)
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [MLM_SCHEMA],
        "id": f"{card.name}-{card.version}",
        "geometry": None,
        "properties": {
            "datetime": None,
            "start_datetime": "2015-06-23T00:00:00Z",  # Sentinel-2A was launched
            "end_datetime": "9999-12-31T23:59:59Z",
            "title": card.title,
            "description": card.description,
            "license": card.licence,
            "gsd": _PIXEL_M,
            "mlm:name": card.name,
            "mlm:architecture": str(card.network.get("builder", "unknown")),
            "mlm:tasks": ["semantic-segmentation"],
            "mlm:framework": "ONNX",
            "mlm:pretrained": True,
            "mlm:input": [_mlm_input(bundle, mean, std)],
            "mlm:output": [_mlm_output()],
            "l4s:threshold": card.threshold,
            "l4s:digest": bundle.digest,
        },
        "links": [],
        "assets": {
            "model": {
                "href": href,
                "type": "application/octet-stream; framework=onnx",
                "roles": ["mlm:model", "data"],
                "mlm:artifact_type": "onnx",
            }
        },
    }


def _mlm_input(bundle: ModelBundle, mean: list[float], std: list[float]) -> dict[str, Any]:
    channels = bundle.card.channels
    return {
        "name": "Sentinel-2 and terrain in DN, degrees and metres",
        "bands": [{"name": name} for name in channels],
        "input": {
            "shape": [-1, len(channels), -1, -1],
            "dim_order": ["batch", "bands", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": [
            {"type": "z-score", "mean": m, "stddev": s} for m, s in zip(mean, std, strict=True)
        ],
        "resize_type": None,
    }


def _mlm_output() -> dict[str, Any]:
    return {
        "name": "probability",
        "tasks": ["semantic-segmentation"],
        "result": {
            "shape": [-1, 2, -1, -1],
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "classification:classes": [
            {"value": 0, "name": "background", "description": "No landslide"},
            {"value": 1, "name": "landslide", "description": "Fresh landslide"},
        ],
    }


def _statistics(bundle: ModelBundle) -> tuple[list[float], list[float]]:
    """Mean and std of the training set by channel, in raw units."""
    shift, scale = bundle.card.normalization.affine(None)
    return [float(value) for value in shift], [float(value) for value in scale]


def _model(bundle: ModelBundle) -> Any:
    try:
        import onnx
    except ImportError as error:
        raise DependencyError(
            "The package onnx, which writes models for other programs, is not installed; install"
            " the extra `train`."
        ) from error
    if bundle.onnx_path is None:
        raise BundleError(f"The bundle {bundle.path} has no ONNX form to be shared.")
    if bundle.card.input_scale != 1:
        raise BundleError(
            f"The model {bundle.card.name} enlarges its images {bundle.card.input_scale} times,"
            " which other programs do not; share one that reads pixels of 10 m as they are."
        )
    return onnx.load(str(bundle.onnx_path))


def _self_contained(bundle: ModelBundle, unit: float, shape: tuple[int, int, int]) -> Any:
    """The graph with normalisation inside, at one size.

    For inputs divided by ``unit``.
    """
    mean, std = _statistics(bundle)
    factor = np.array([unit / value for value in std], np.float32)
    shift = np.array([-m / s for m, s in zip(mean, std, strict=True)], np.float32)
    return _classes_after(_model(bundle), (factor, shift), shape)


def _classes_after(
    model: Any,
    affine: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
    shape: tuple[int, int, int] | None = None,
) -> Any:
    """The graph with two output classes, after an affine step if given."""
    from onnx import TensorProto, compose, helper, numpy_helper

    inner = compose.add_prefix(model, "network/")
    graph = inner.graph
    channels = graph.input[0].type.tensor_type.shape.dim[1].dim_value
    first, last = graph.input[0].name, graph.output[0].name
    nodes = [helper.make_node("Identity", ["image"], [first])]
    if affine is not None:
        for name, values in zip(("factor", "shift"), affine, strict=True):
            graph.initializer.append(numpy_helper.from_array(values[None, :, None, None], name))
        nodes = [
            helper.make_node("Mul", ["image", "factor"], ["multiplied"]),
            helper.make_node("Add", ["multiplied", "shift"], [first]),
        ]
    for node in reversed(nodes):
        graph.node.insert(0, node)
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), "one"))
    graph.node.extend(
        [
            helper.make_node("Unsqueeze", [last, "axis"], ["landslide"]),
            helper.make_node("Sub", ["one", "landslide"], ["background"]),
            helper.make_node("Concat", ["background", "landslide"], ["classes"], axis=1),
        ]
    )
    n, rows, columns = shape or ("n", "h", "w")
    del graph.input[:], graph.output[:], graph.value_info[:]
    for values, name, count in ((graph.input, "image", channels), (graph.output, "classes", 2)):
        size = [n, count, rows, columns]
        values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, size))
    return inner


def _write(path: Path, graph: Any) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
