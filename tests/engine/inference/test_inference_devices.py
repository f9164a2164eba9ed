from __future__ import annotations

import types

import pytest

from engine.errors import DependencyError, DeviceError
from engine.inference import devices
from engine.inference.devices import choose


class FakeCuda:
    def __init__(self, count: int, error: str | None = None) -> None:
        self.count, self.error = count, error

    def init(self) -> None:
        if self.error:
            raise RuntimeError(self.error)

    def device_count(self) -> int:
        return self.count

    def get_device_name(self, number: int) -> str:
        return "Test GPU"


@pytest.fixture
def machine(monkeypatch):
    """A machine with or without an NVIDIA GPU, PyTorch and providers of ONNX Runtime."""

    def make(*, nvidia=False, torch=None, providers=("CPUExecutionProvider",)):
        monkeypatch.setattr(devices, "_nvidia_visible", lambda: nvidia)
        monkeypatch.setattr(devices, "_providers", lambda: list(providers))
        monkeypatch.setattr(devices, "find_spec", lambda name: None if torch is None else object())
        monkeypatch.setattr(devices, "import_module", lambda name: torch)

    return make


def fake_torch(count=1, error=None, cuda="12.8"):
    tensor = types.SimpleNamespace(sum=lambda: types.SimpleNamespace(item=lambda: 8.0))
    return types.SimpleNamespace(
        __version__="2.9",
        version=types.SimpleNamespace(cuda=cuda),
        cuda=FakeCuda(count, error),
        ones=lambda n, device: tensor,
    )


def test_without_a_gpu_the_cpu_is_taken_and_pytorch_is_not_even_imported(machine, monkeypatch):
    machine(torch=fake_torch())
    monkeypatch.setattr(devices, "import_module", lambda name: pytest.fail("PyTorch was imported"))
    choice = choose("auto")
    assert (choice.kind, choice.devices, choice.runtime) == ("cpu", ("cpu",), "onnx")
    assert "no NVIDIA GPU" in choice.reason


def test_all_gpus_are_used_with_pytorch(machine):
    machine(nvidia=True, torch=fake_torch(2))
    assert choose("auto").devices == choose("cuda").devices == ("cuda:0", "cuda:1")
    assert choose("cuda:1").devices == ("cuda:1",)
    assert "Test GPU" in choose("auto").reason


@pytest.mark.parametrize(
    ("torch", "reason"),
    [
        (
            fake_torch(error="The NVIDIA driver on your system is too old\nmore"),
            "driver on your system is too old",
        ),
        (fake_torch(cuda=None), "build without CUDA"),
        (fake_torch(count=0), "CUDA_VISIBLE_DEVICES"),
        (None, "PyTorch is not installed"),
    ],
)
def test_a_gpu_that_cannot_be_used_gives_the_reason(machine, torch, reason):
    machine(nvidia=True, torch=torch)
    choice = choose("auto")
    assert choice.kind == "cpu"
    assert reason in choice.reason
    with pytest.raises(DeviceError, match=reason):
        choose("cuda")


def test_onnx_runtime_with_cuda_does_without_pytorch(machine):
    machine(nvidia=True, providers=("CUDAExecutionProvider", "CPUExecutionProvider"))
    choice = choose("auto")
    assert (choice.kind, choice.runtime, choice.provider) == (
        "cuda",
        "onnx",
        "CUDAExecutionProvider",
    )


@pytest.mark.parametrize(
    ("device", "provider"),
    [("directml", "DmlExecutionProvider"), ("coreml", "CoreMLExecutionProvider")],
)
def test_other_providers_are_used_where_they_are(machine, device, provider):
    machine(providers=(provider, "CPUExecutionProvider"))
    assert choose("auto").kind == choose(device).kind == device
    machine()
    with pytest.raises(DeviceError, match="--device cpu"):
        choose(device)


def test_a_gpu_that_is_not_there_is_refused(machine):
    machine(nvidia=True, torch=fake_torch(2))
    with pytest.raises(DeviceError, match="no cuda:2"):
        choose("cuda:2")
    machine()
    with pytest.raises(DeviceError, match="no NVIDIA GPU"):
        choose("cuda")


def test_pytorch_on_request_must_be_installed(machine):
    machine()
    with pytest.raises(DependencyError, match=r"\[train\]"):
        choose("cpu", "torch")
    machine(torch=fake_torch())
    assert choose("cpu", "torch").runtime == "torch"
    assert choose("cpu", "onnx").runtime == "onnx"
