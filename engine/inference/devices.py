"""Which device and which runtime a detection uses, and why."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from engine.errors import DependencyError, DeviceError
from engine.inference.config import RuntimeName

Kind = Literal["cpu", "cuda", "directml", "coreml"]
RuntimeKind = Literal["onnx", "torch"]
_PROVIDERS: dict[Kind, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        kind: Kind of device.
        devices: Names of the devices used at once: ``cpu``, ``cuda:0`` …
        runtime: Preferred runtime; a bundle that lacks the files for it uses the other one.
        reason: Why, in a sentence for people.
    """

    kind: Kind
    devices: tuple[str, ...]
    runtime: RuntimeKind
    reason: str

    @property
    def provider(self) -> str:
        """Name of ONNX Runtime's execution provider for the device."""
        return _PROVIDERS[self.kind]


@dataclass(frozen=True)
class _Cuda:
    """The usable GPUs and their runtime, or why there are none."""

    runtime: RuntimeKind | None
    count: int
    reason: str


def choose(device: str, runtime: RuntimeName = "auto") -> Choice:
    """Choose a device and a runtime.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` (all GPUs), ``cuda:N``, ``directml`` or ``coreml``.
        runtime: ``auto``, ``onnx`` or ``torch``.

    Raises:
        DeviceError: The device asked for is not there or cannot be used; the message says why.
        DependencyError: PyTorch was asked for and is not installed.
    """
    if runtime == "torch" and find_spec("torch") is None:
        raise DependencyError(
            "PyTorch is not installed; install it with `pip install l4s-engine[train]` or use the"
            " ONNX runtime."
        )
    if device == "cpu":
        return _cpu(runtime, "The CPU was asked for.")
    if device in ("directml", "coreml"):
        kind: Kind = "directml" if device == "directml" else "coreml"
        if _PROVIDERS[kind] not in _providers():
            package = "onnxruntime-directml" if kind == "directml" else "onnxruntime for macOS"
            raise DeviceError(
                f"The installed ONNX Runtime has no {kind} provider; install {package} or use"
                " --device cpu."
            )
        return Choice(kind, (kind,), "onnx", f"{kind} was asked for.")
    cuda = _find_cuda(runtime)
    if device == "auto":
        return _automatic(cuda, runtime)
    if cuda.runtime is None:
        raise DeviceError(f"CUDA cannot be used: {cuda.reason}; use --device cpu.")
    if device == "cuda":
        return Choice(
            "cuda", tuple(f"cuda:{n}" for n in range(cuda.count)), cuda.runtime, cuda.reason
        )
    if int(device.split(":")[1]) >= cuda.count:
        raise DeviceError(
            f"There is no {device}: this machine has {cuda.count} usable GPU(s), counted from"
            " cuda:0."
        )
    return Choice("cuda", (device,), cuda.runtime, cuda.reason)


def _automatic(cuda: _Cuda, runtime: RuntimeName) -> Choice:
    if cuda.runtime is not None:
        return Choice(
            "cuda", tuple(f"cuda:{n}" for n in range(cuda.count)), cuda.runtime, cuda.reason
        )
    kinds: tuple[Kind, ...] = ("directml", "coreml")
    for kind in kinds:
        if runtime != "torch" and _PROVIDERS[kind] in _providers():
            return Choice(
                kind,
                (kind,),
                "onnx",
                f"ONNX Runtime offers {kind}; CUDA is not used because {cuda.reason}.",
            )
    return _cpu(runtime, f"CUDA is not used because {cuda.reason}.")


def _cpu(runtime: RuntimeName, reason: str) -> Choice:
    return Choice("cpu", ("cpu",), "torch" if runtime == "torch" else "onnx", reason)


def _find_cuda(runtime: RuntimeName) -> _Cuda:
    if not _nvidia_visible():
        return _Cuda(
            None, 0, "no NVIDIA GPU was found"
        )  # and PyTorch, which takes seconds to import, is left alone
    reasons = []
    if runtime != "onnx":
        if find_spec("torch") is None:
            reasons.append("PyTorch is not installed")
        else:
            found = _torch_cuda()
            if found.runtime is not None:
                return found
            reasons.append(found.reason)
    if runtime != "torch":
        if _PROVIDERS["cuda"] in _providers():
            return _Cuda("onnx", 1, "ONNX Runtime offers CUDA.")
        reasons.append("the installed ONNX Runtime has no CUDA provider")
    return _Cuda(None, 0, "an NVIDIA GPU is there, but " + " and ".join(reasons))


def _torch_cuda() -> _Cuda:
    torch: Any = import_module("torch")
    if torch.version.cuda is None:
        return _Cuda(None, 0, f"PyTorch {torch.__version__} is a build without CUDA")
    try:
        # A driver that is too old, or a GPU that the build has no kernels for, shows only when
        # something is computed.
        torch.cuda.init()
        for number in range(torch.cuda.device_count()):
            torch.ones(8, device=f"cuda:{number}").sum().item()
    except (RuntimeError, AssertionError) as error:
        return _Cuda(None, 0, f"PyTorch cannot use it ({str(error).strip().splitlines()[0]})")
    count = torch.cuda.device_count()
    if count == 0:
        return _Cuda(None, 0, "PyTorch sees no GPU (CUDA_VISIBLE_DEVICES may hide it)")
    return _Cuda("torch", count, f"PyTorch can use {count} x {torch.cuda.get_device_name(0)}.")


def _nvidia_visible() -> bool:
    return shutil.which("nvidia-smi") is not None or any(
        Path(p).exists() for p in ("/dev/nvidiactl", "/dev/dxg")
    )


def _providers() -> list[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
