"""Models of other programs become bundles, and bundles become models of other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.cli import main
from engine.errors import BundleError, ConfigError, MissingFileError, OutputError
from engine.inference.onnx_runtime import OnnxRuntime
from engine.models.bundle import find_model
from engine.models.importing import ImportConfig, import_model
from engine.models.sharing import export_deepness, export_mlm

SIDE = 32
RGB = ("B04", "B03", "B02")
METADATA = {
    "model_type": "Segmentor",
    "class_names": {"0": "_background", "1": "Landslide"},
    "resolution": 1000,
    "tile_size": SIDE,
    "tiles_overlap": 10,
    "seg_thresh": 0.4,
    "standardization_mean": [0.4, 0.5, 0.6],
    "standardization_std": [0.1, 0.2, 0.25],
}


def on_cpu(path: Path) -> OnnxRuntime:
    return OnnxRuntime(path, "CPUExecutionProvider", "cpu", threads=1)


def write_model(
    path: Path,
    *,
    classes: int = 2,
    end: str | None = "Softmax",
    metadata: dict[str, Any] | None = None,
    fixed: bool = True,
    reshape: bool = False,
    names: tuple[str, str] = ("input", "output"),
) -> Path:
    """A small network: one 3 x 3 convolution, and what comes after it."""
    rng = np.random.default_rng(classes)
    weight = rng.normal(size=(classes, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", [names[0], "w"], ["raw"], pads=[1, 1, 1, 1])]
    tensors = [numpy_helper.from_array(weight, "w")]
    last = "raw"
    if reshape:
        tensors.append(
            numpy_helper.from_array(np.array([-1, classes, SIDE, SIDE], np.int64), "shape")
        )
        nodes.append(helper.make_node("Reshape", [last, "shape"], ["shaped"]))
        last = "shaped"
    if end == "ArgMax":
        nodes.append(helper.make_node("ArgMax", [last], [names[1]], axis=1, keepdims=1))
    elif end == "Softmax":
        nodes.append(helper.make_node("Softmax", [last], [names[1]], axis=1))
    else:
        nodes.append(helper.make_node(end or "Identity", [last], [names[1]]))
    side: Any = SIDE if fixed else "s"
    kind = TensorProto.INT64 if end == "ArgMax" else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(names[1], kind, [1, None, side, side])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)
    onnx.save(model, str(path))
    return path


def expected(path: Path, dn: np.ndarray, unit: float, landslide: int, activation: str) -> Any:
    """What Deepness computes: DN to unit values, standardised, through the original graph."""
    mean = np.array(METADATA["standardization_mean"])[:, None, None]
    std = np.array(METADATA["standardization_std"])[:, None, None]
    image = ((dn / unit - mean) / std).astype(np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    out = session.run(None, {session.get_inputs()[0].name: image[None]})[0][0].astype(float)
    if activation == "softmax":
        out = np.exp(out) / np.exp(out).sum(axis=0)
    if activation == "sigmoid":
        out = 1 / (1 + np.exp(-out))
    return out[landslide]


@pytest.mark.parametrize("names", [("input", "output"), ("image", "probability")])
@pytest.mark.parametrize(
    ("classes", "end", "activation"),
    [(2, "Softmax", ""), (2, None, "softmax"), (1, "Sigmoid", ""), (1, None, "sigmoid")],
)
def test_an_imported_model_gives_what_the_other_program_computes(
    tmp_path: Path, classes: int, end: str | None, activation: str, names: tuple[str, str]
) -> None:
    metadata = METADATA if classes == 2 else {**METADATA, "class_names": {"0": "landslide"}}
    path = write_model(
        tmp_path / "Slides v2.onnx", classes=classes, end=end, metadata=metadata, names=names
    )
    bundle = import_model(path, tmp_path / "out", config=ImportConfig(channels=RGB, unit=255.0))
    assert bundle.path.name == bundle.card.name == "slides-v2"
    assert (bundle.card.threshold, bundle.card.window_px, bundle.card.required) == (0.4, 32, RGB)
    dn = np.random.default_rng(1).uniform(0, 255, (3, SIDE, SIDE)).astype(np.float32)
    normalization = bundle.card.normalization
    image = normalization.apply(dn, RGB, normalization.affine(None))
    assert bundle.onnx_path is not None
    found = on_cpu(bundle.onnx_path).run(image[None])[0]
    wanted = expected(path, dn, 255.0, classes - 1, activation)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_model_for_one_size_only_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", reshape=True, metadata=METADATA)
    with pytest.raises(BundleError, match="free height and width"):
        import_model(path, tmp_path, config=ImportConfig(channels=RGB, unit=1.0))


def test_a_model_that_gives_classes_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", end="ArgMax", metadata=METADATA)
    with pytest.raises(BundleError, match="argmax"):
        import_model(path, tmp_path, config=ImportConfig(channels=RGB, unit=1.0))


@pytest.mark.parametrize(
    ("config", "error", "sentence"),
    [
        (ImportConfig(unit=1.0), ConfigError, "--channels"),
        (ImportConfig(channels=RGB), ConfigError, "--unit"),
        (ImportConfig(channels=RGB, unit=-1.0), ConfigError, "positive"),
        (ImportConfig(channels=RGB[:2], unit=1.0), BundleError, "standardises 3 channels"),
        (ImportConfig(channels=RGB, unit=1.0, landslide="forest"), ConfigError, "--class"),
        (ImportConfig(channels=RGB, unit=1.0, landslide="7"), ConfigError, "--class"),
        (ImportConfig(channels=RGB, unit=1.0, threshold=2.0), BundleError, "threshold"),
    ],
)
def test_what_is_not_told_is_asked_for(
    tmp_path: Path, config: ImportConfig, error: type[Exception], sentence: str
) -> None:
    path = write_model(tmp_path / "m.onnx", metadata=METADATA)
    with pytest.raises(error, match=sentence):
        import_model(path, tmp_path / "out", config=config)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("model_type", "Detector", "detector"),
        ("class_names", {"0": "a", "2": "landslide"}, "numbered 0, 2"),
        ("class_names", "text", "not pairs"),
        ("standardization_std", [0.1, 0.0, 0.1], "positive values"),
        ("standardization_mean", ["a"], "a number is needed"),
        ("resolution", 5, "0.05 m"),
    ],
)
def test_descriptions_that_make_no_sense_are_one_sentence(
    tmp_path: Path, key: str, value: Any, sentence: str
) -> None:
    path = write_model(tmp_path / "m.onnx", metadata={**METADATA, key: value})
    with pytest.raises(BundleError, match=sentence):
        import_model(path, tmp_path / "out", config=ImportConfig(channels=RGB, unit=1.0))


def test_class_names_may_be_written_as_python_writes_them(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", classes=3, end=None, metadata=METADATA)
    model = onnx.load(str(path))
    entry = next(e for e in model.metadata_props if e.key == "class_names")
    entry.value = "{0: 'water', 1: 'forest', 2: 'landslides'}"
    onnx.save(model, str(path))
    messages: list[str] = []
    from engine.events import Reporter

    reporter = Reporter(lambda event: messages.append(event.message))  # type: ignore[union-attr]
    import_model(
        path, tmp_path / "out", config=ImportConfig(channels=RGB, unit=1.0), reporter=reporter
    )
    assert "its class 2 is taken as landslide, its output as logits" in messages[0]


def test_an_imported_bundle_is_not_replaced(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", metadata=METADATA)
    config = ImportConfig(channels=RGB, unit=1.0)
    import_model(path, tmp_path / "out", config=config)
    with pytest.raises(OutputError, match="exists already"):
        import_model(path, tmp_path / "out", config=config)


def test_finer_pixels_enlarge_the_images(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", metadata={**METADATA, "resolution": 250})
    bundle = import_model(path, tmp_path, config=ImportConfig(channels=RGB, unit=1.0))
    assert (bundle.card.input_scale, bundle.card.window_px) == (4, 8)


def test_files_that_are_no_models_are_one_sentence(tmp_path: Path, capsys: Any) -> None:
    for name, content in (
        ("a.onnx", b"junk"),
        ("b.onnx", b""),
        ("c.json", b"[[["),
        ("d.json", b"{}"),
    ):
        (tmp_path / name).write_bytes(content)
        out = str(tmp_path / "out")
        code = main(["models", "import", str(tmp_path / name), "--unit", "1", "--out", out])
        error = capsys.readouterr().err
        assert code == 2, error
        assert "Traceback" not in error
        assert name in error
    assert main(["models", "import", str(tmp_path / "none.onnx"), "--out", out]) == 2


def test_the_shared_onnx_has_what_deepness_reads_and_computes_the_same(tmp_path: Path) -> None:
    bundle = find_model("light")
    path = export_deepness(bundle, tmp_path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    # Its reader takes each of these by json.loads and asks for consecutive classes from 0.
    assert json.loads(metadata["model_type"]) == "Segmentor"
    assert json.loads(metadata["class_names"]) == {"0": "background", "1": "landslide"}
    assert json.loads(metadata["resolution"]) == 1000.0
    assert json.loads(metadata["seg_thresh"]) == bundle.card.threshold
    size = json.loads(metadata["tile_size"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert given.shape == [1, len(bundle.card.channels), size, size]
    assert result.shape == [1, 2, size, size]
    rng = np.random.default_rng(0)
    shift, scale = bundle.card.normalization.affine(None)
    raw = (shift + scale * rng.normal(size=(size, size, len(scale)))).astype(np.float32)
    image = np.float32(raw / 255.0).transpose(2, 0, 1)[None]  # as Deepness prepares a tile
    (classes,) = session.run(None, {given.name: image})
    normalised = ((raw - shift) / scale).transpose(2, 0, 1)[None].astype(np.float32)
    assert bundle.onnx_path is not None
    wanted = on_cpu(bundle.onnx_path).run(normalised)
    np.testing.assert_allclose(classes[:, 1], wanted, atol=1e-3)
    np.testing.assert_allclose(classes.sum(axis=1), 1, atol=1e-5)


def test_a_shared_mlm_item_is_valid_and_comes_back_as_it_was(tmp_path: Path) -> None:
    from stac_model.schema import MLModelProperties

    bundle = find_model("light")
    path = export_mlm(bundle, tmp_path)
    item = json.loads(path.read_text(encoding="utf-8"))
    MLModelProperties.model_validate({**item["properties"], "mlm:framework": "ONNX"})
    back = import_model(path, tmp_path / "back", config=ImportConfig(name="back"))
    assert back.card.channels == bundle.card.channels
    shift, scale = bundle.card.normalization.affine(None)
    np.testing.assert_allclose(back.card.normalization.affine(None), [shift, scale], rtol=1e-5)
    image = np.random.default_rng(0).normal(size=(1, len(scale), 64, 64)).astype(np.float32)
    assert bundle.onnx_path is not None
    assert back.onnx_path is not None
    runs = [on_cpu(p).run(image) for p in (bundle.onnx_path, back.onnx_path)]
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-5)
    (tmp_path / "light.onnx").unlink()
    with pytest.raises(MissingFileError, match="download it beside"):
        import_model(path, tmp_path / "again")


def test_a_scene_s_own_statistics_normalise_where_that_is_asked_for(tmp_path: Path) -> None:
    item = export_mlm(find_model("light"), tmp_path)
    config = ImportConfig(name="mine", statistics="scene")
    modes = import_model(item, tmp_path, config=config).card.normalization.modes
    assert modes == ("scene",) * 12 + ("fixed",)


def test_the_commands_share_and_take_over(tmp_path: Path, capsys: Any) -> None:
    assert main(["models", "export", "light", "--to", "mlm", "--out", str(tmp_path)]) == 0
    words = ["models", "import", str(tmp_path / "light.json"), "--name", "mine"]
    assert main([*words, "--threshold", "0.3", "--out", str(tmp_path / "models")]) == 0
    assert main(["models", "verify", str(tmp_path / "models" / "mine")]) == 0
    assert main(["models", "export", "light", "--to", "deepness", "--out", str(tmp_path)]) == 0
    assert find_model(str(tmp_path / "models" / "mine")).card.threshold == 0.3
    capsys.readouterr()
