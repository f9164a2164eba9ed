from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from inference_cases import RGB, conv_onnx, fixed, read, scene, sigmoid

from engine.errors import BundleError, DependencyError, DeviceError
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.devices import Choice
from engine.inference.networks import load
from engine.inference.onnx_runtime import OnnxRuntime
from engine.inference.runtime import DeviceMemoryError, StoppedError
from engine.inference.torch_runtime import TorchRuntime
from engine.models.bundle import write_bundle
from engine.models.card import ModelCard

CPU = Choice("cpu", ("cpu",), "onnx", "Test.")
NETWORK = {"builder": "baseline_unet", "width": 8, "temperature": 1.7}


def onnx_runtime(tmp_path, content: bytes, provider: str = "CPUExecutionProvider") -> OnnxRuntime:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return OnnxRuntime(path, provider, "cpu", threads=1)


def test_the_contract_on_onnx_runtime(tmp_path):
    made = onnx_runtime(tmp_path, conv_onnx(np.array([0.5, -1.0]).reshape(2, 1, 1), bias=0.25))
    image = np.random.default_rng(0).standard_normal((3, 2, 16, 24)).astype(np.float32)
    result = made.run(image)
    assert (result.shape, result.dtype) == ((3, 16, 24), np.float32)
    assert np.allclose(result, sigmoid(0.5 * image[:, 0] - image[:, 1] + 0.25), atol=1e-6)


def test_files_that_are_no_network_are_refused(tmp_path):
    with pytest.raises(BundleError, match="ONNX Runtime can load"):
        onnx_runtime(tmp_path, b"no network")
    with pytest.raises(BundleError, match="`image` to `probability`"):
        onnx_runtime(tmp_path, conv_onnx(np.ones((1, 1, 1))).replace(b"image", b"imago"))


def test_a_wrong_input_is_an_error_of_the_bundle(tmp_path):
    made = onnx_runtime(tmp_path, conv_onnx(np.ones((3, 1, 1))))
    with pytest.raises(BundleError, match=r"\(1, 2, 8, 8\)"):
        made.run(np.zeros((1, 2, 8, 8), np.float32))


def test_a_provider_that_does_not_start_is_an_error_of_the_device(tmp_path, monkeypatch):
    import onnxruntime

    class Fallen(onnxruntime.InferenceSession):
        def __init__(self, path, options, providers):
            super().__init__(path, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "InferenceSession", Fallen)
    with pytest.raises(DeviceError, match="could not start"):
        onnx_runtime(tmp_path, conv_onnx(np.ones((1, 1, 1))), "CUDAExecutionProvider")


def long_onnx(steps: int) -> bytes:
    """A chain of many cheap steps: it can be stopped between any two."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Tanh", ["image" if i == 0 else f"t{i}"], [f"t{i + 1}"])
        for i in range(steps)
    ]
    nodes.append(helper.make_node("Squeeze", [f"t{steps}", "axis"], ["probability"]))
    graph = helper.make_graph(
        nodes,
        "long",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", "h", "w"])],
        [numpy_helper.from_array(np.array([1], np.int64), "axis")],
    )
    return bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
        ).SerializeToString()
    )


def test_a_running_network_can_be_stopped(tmp_path):
    made = onnx_runtime(tmp_path, long_onnx(3000))
    outcome = []

    def compute():
        try:
            made.run(np.ones((1, 1, 800, 800), np.float32))
        except StoppedError:
            outcome.append("stopped")

    thread = threading.Thread(target=compute)
    thread.start()
    time.sleep(0.3)
    asked = time.monotonic()
    made.stop()
    thread.join(60)
    assert outcome == ["stopped"]
    assert time.monotonic() - asked < 2


def test_memory_that_runs_out_is_told_from_other_failures(tmp_path):
    made = onnx_runtime(tmp_path, conv_onnx(np.ones((1, 1, 1))))

    class Full:
        def run(self, *args):
            raise RuntimeError(
                "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of"
                " size 10"
            )

    made._session = Full()
    with pytest.raises(DeviceMemoryError):
        made.run(np.zeros((1, 1, 8, 8), np.float32))


@pytest.fixture
def torch_bundle(tmp_path):
    """A small network with weights for both runtimes, exported here."""
    torch = pytest.importorskip("torch")
    networks = pytest.importorskip("engine.models.networks")
    torch.manual_seed(0)
    module = networks.build(NETWORK, 3).eval()
    weights = {name: value.numpy() for name, value in module.state_dict().items()}
    card = ModelCard(
        name="both",
        version="1",
        title="Both",
        description="For tests.",
        network=NETWORK,
        normalization=fixed(RGB),
        required=RGB,
        threshold=0.5,
        multiple_of_px=32,
    )
    return write_bundle(tmp_path / "both", card, weights, None), module


def test_the_contract_on_pytorch(torch_bundle):
    import torch

    bundle, module = torch_bundle
    made = load(bundle, CPU, "cpu", precision="auto", threads=1)
    assert isinstance(made, TorchRuntime)
    image = np.random.default_rng(0).standard_normal((2, 3, 64, 96)).astype(np.float32)
    with torch.inference_mode():
        expected = torch.sigmoid(module(torch.from_numpy(image)))[:, 0].numpy()
    result = made.run(image)
    assert (result.shape, result.dtype) == ((2, 64, 96), np.float32)
    assert np.abs(result - expected).max() < 1e-4
    assert result.std() > 1e-4
    half = load(bundle, CPU, "cpu", precision="bf16", threads=1).run(image)
    assert 0 < np.abs(half - expected).max() < 0.05


def test_a_detection_in_pytorch(torch_bundle, make_stack, tmp_path):
    config = InferenceConfig(window_px=64, overlap_px=32, device="cpu", runtime="torch", threads=1)
    result = predict(
        make_stack(scene((100, 80))), [torch_bundle[0]], out=tmp_path / "o", config=config
    )
    assert result.facts["device"]["runtime"] == "PyTorch"
    assert np.isfinite(read(result.probability.path)).all()


@pytest.mark.parametrize(
    "message",
    ["CUDA out of memory. Tried 20 GiB", "DefaultCPUAllocator: can't allocate memory: 20 GiB"],
)
def test_memory_that_runs_out_in_pytorch(message, torch_bundle, monkeypatch):
    made = load(torch_bundle[0], CPU, "cpu", precision="auto", threads=1)

    def full(image):
        raise RuntimeError(message)

    monkeypatch.setattr(made, "_module", full)
    with pytest.raises(DeviceMemoryError, match="20 GiB"):
        made.run(np.zeros((1, 3, 32, 32), np.float32))


def test_a_wrong_input_is_an_error_of_the_bundle_in_pytorch_too(torch_bundle):
    made = load(torch_bundle[0], CPU, "cpu", precision="auto", threads=1)
    with pytest.raises(BundleError, match=r"\(1, 2, 32, 32\)"):
        made.run(np.zeros((1, 2, 32, 32), np.float32))


def test_weights_that_do_not_fit_their_card(torch_bundle, tmp_path):
    bundle, _ = torch_bundle
    card = ModelCard(
        **{
            **bundle.card.__dict__,
            "normalization": fixed(("B02", "B03")),
            "required": ("B02",),
            "files": {},
        }
    )
    weights = {"nothing": np.zeros(3, np.float32)}
    with pytest.raises(BundleError, match="do not fit"):
        load(
            write_bundle(tmp_path / "odd", card, weights, None),
            CPU,
            "cpu",
            precision="auto",
            threads=1,
        )


def test_without_pytorch_weights_alone_name_the_remedy(torch_bundle, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DependencyError, match=r"\[train\]"):
        load(torch_bundle[0], CPU, "cpu", precision="auto", threads=1)


def test_both_runtimes_agree_on_the_bundled_model(tmp_path):
    pytest.importorskip("torch")
    from engine.models.bundle import DEFAULT_MODEL, find_model, installed

    if DEFAULT_MODEL not in [path.name for path in installed()]:
        pytest.skip("the bundled model is not there")
    bundle = find_model(DEFAULT_MODEL)
    image = (
        np.random.default_rng(0)
        .standard_normal((1, len(bundle.card.channels), 64, 64))
        .astype(np.float32)
    )
    results = [
        load(bundle, Choice("cpu", ("cpu",), name, ""), "cpu", precision="float32", threads=1).run(
            image
        )
        for name in ("onnx", "torch")
    ]
    assert np.abs(results[0] - results[1]).max() < 1e-4
