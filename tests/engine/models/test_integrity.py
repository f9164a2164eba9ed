"""ONNX files as the onnx package writes them, with values inside and elsewhere."""

import json
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import BundleError
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.models.integrity import card_digest, require_weights_inside


def network(depth: int = 0) -> onnx.ModelProto:
    """Adds a constant, in as many nested branches as asked for."""
    value = numpy_helper.from_array(np.arange(4096, dtype=np.float32), "w")
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4096])
    node = helper.make_node("Constant", [], ["y"], value=value)
    for _ in range(depth):
        branch = helper.make_graph([node], "branch", [], [out])
        node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    graph = helper.make_graph([node], "g", [condition], [out])
    return helper.make_model(graph)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_values_elsewhere_are_found_at_any_depth(tmp_path: Path, depth: int) -> None:
    inside, outside = tmp_path / "inside.onnx", tmp_path / "outside.onnx"
    onnx.save_model(network(depth), inside)
    require_weights_inside(inside)
    model = network(depth)
    onnx.external_data_helper.convert_model_to_external_data(
        model, location="values.bin", convert_attribute=True
    )
    onnx.save_model(model, outside)
    with pytest.raises(BundleError, match="in other files"):
        require_weights_inside(outside)


@pytest.mark.parametrize("location", ["/etc/passwd", "../../values.bin", "values.bin"])
def test_initializers_elsewhere_are_refused_wherever_that_is(tmp_path: Path, location: str) -> None:
    model = network()
    tensor = numpy_helper.from_array(np.zeros(8, np.float32), "b")
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    model.graph.initializer.append(tensor)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="in other files"):
        require_weights_inside(tmp_path / "m.onnx")


def test_functions_of_the_model_are_searched_too(tmp_path: Path) -> None:
    model = network()
    tensor = numpy_helper.from_array(np.zeros(8, np.float32), "b")
    onnx.external_data_helper.set_external_data(tensor, "x.bin")
    function = helper.make_function(
        "own", "f", [], ["y"], [helper.make_node("Constant", [], ["y"], value=tensor)], []
    )
    model.functions.append(function)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="in other files"):
        require_weights_inside(tmp_path / "m.onnx")


def test_damaged_files_give_one_error_at_most(tmp_path: Path) -> None:
    whole, chance = network(2).SerializeToString(), random.Random(3)
    path = tmp_path / "m.onnx"
    for _ in range(300):
        damaged = bytearray(whole[: chance.randrange(1, len(whole))])
        damaged[chance.randrange(min(200, len(damaged)))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            require_weights_inside(path)
        except BundleError:
            continue


def test_the_shipped_models_digest_does_not_depend_on_layout_or_notes() -> None:
    bundle = find_model(DEFAULT_MODEL)
    card = json.loads((bundle.path / "card.json").read_text(encoding="utf-8"))
    noted = {name: {**entry, "note": "x"} for name, entry in card["files"].items()}
    turned = dict(reversed({**card, "files": noted}.items()))
    assert card_digest(turned) == bundle.digest
    assert card_digest({**card, "version": "0"}) != bundle.digest
