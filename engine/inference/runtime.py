"""Networks behind one contract: ``(N, C, h, w) float32 → (N, h, w) probability``, on ONNX Runtime or PyTorch."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, DependencyError, DeviceError
from engine.inference.config import Precision
from engine.inference.devices import Choice
from engine.models.bundle import ModelBundle, ModelCard

if TYPE_CHECKING:
    import torch

_MEMORY = ("out of memory", "failed to allocate", "bad_alloc", "bad allocation", "not enough memory")


class DeviceMemoryError(Exception):
    """The device has too little memory for a batch; a smaller one may fit."""


class StoppedError(Exception):
    """A running network was told to stop."""


class Runtime(Protocol):
    """A network on a device."""

    name: str

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute probabilities.

        Args:
            image: Normalised channels, shape (N, C, h, w).

        Returns:
            Probability of landslide, shape (N, h, w).

        Raises:
            DeviceMemoryError: The batch is too large for the device.
            StoppedError: :meth:`stop` was called.
        """

    def stop(self) -> None:
        """End a :meth:`run` in another thread as soon as possible."""


def load(bundle: ModelBundle, choice: Choice, device: str, *, precision: Precision, threads: int) -> Runtime:
    """Load a bundle's network onto a device.

    Args:
        bundle: The model.
        choice: Kind of device and preferred runtime; the other runtime is taken for a bundle that has no file for it.
        device: One of the choice's devices.
        precision: For PyTorch on CUDA.
        threads: Threads on the CPU.

    Raises:
        BundleError: The network cannot be loaded.
        DependencyError: It needs PyTorch, which is not installed.
        DeviceError: The device does not take it.
    """
    if bundle.onnx_path is not None and (choice.runtime == "onnx" or bundle.weights_path is None):
        return OnnxRuntime(bundle.onnx_path, choice.provider, device, threads=threads)
    if bundle.weights_path is not None:
        return TorchRuntime(bundle.card, bundle.weights_path, device, precision=precision, threads=threads)
    raise BundleError(f"The bundle {bundle.path} holds no network; export it again.")


class OnnxRuntime:
    """A network as ONNX, see :class:`Runtime`.

    Args:
        path: The ONNX file: input ``image``, output ``probability``.
        provider: ONNX Runtime's execution provider.
        device: ``cpu`` or ``cuda:N``.
        threads: Threads on the CPU.
    """

    name = "ONNX Runtime"

    def __init__(self, path: Path, provider: str, device: str, *, threads: int) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        # Idle threads that spin would take the cores from reading and blending.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        named: Any = (provider, {"device_id": int(device.split(":")[1])}) if device.startswith("cuda:") else provider
        try:
            self._session = ort.InferenceSession(path, options, providers=[named])
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            raise BundleError(
                f"{path} is not a network that ONNX Runtime can load ({_first_line(error)}); export it again."
            ) from error
        if self._session.get_providers()[0] != provider:
            raise DeviceError(
                f"ONNX Runtime could not start {provider} (driver or libraries are missing); use --device cpu."
            )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [i.name for i in inputs] != ["image"] or "probability" not in [o.name for o in outputs]:
            raise BundleError(f"{path} must map `image` to `probability`; export the bundle again.")
        self._options = ort.RunOptions()
        self._stopped = False

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """See :meth:`Runtime.run`."""
        try:
            result: NDArray[np.float32] = self._session.run(["probability"], {"image": image}, self._options)[0]
        except Exception as error:  # as above; what it says tells them apart
            if self._stopped:
                raise StoppedError from error
            if any(word in str(error).lower() for word in _MEMORY):
                raise DeviceMemoryError(_first_line(error)) from error
            raise BundleError(
                f"The network failed on an input of shape {image.shape} ({_first_line(error)})."
            ) from error
        return result

    def stop(self) -> None:
        """See :meth:`Runtime.stop`."""
        self._stopped = True
        self._options.terminate = True


class TorchRuntime:
    """A network in PyTorch, see :class:`Runtime`.

    Args:
        card: Names the builder in :mod:`engine.models.networks`.
        weights: The safetensors file.
        device: ``cpu`` or ``cuda:N``.
        precision: float32, or mixed precision; ``auto`` is float32 on the CPU and mixed on CUDA.
        threads: Threads on the CPU.
    """

    name = "PyTorch"

    def __init__(self, card: ModelCard, weights: Path, device: str, *, precision: Precision, threads: int) -> None:
        try:
            import torch
            from safetensors.torch import load_file

            from engine.models import networks
        except ImportError as error:
            raise DependencyError(
                f"The model {card.name} needs PyTorch here, which is not installed ({error}); install it with "
                "`pip install l4s-engine[train]` or use a bundle with model.onnx on the CPU."
            ) from error
        try:
            module = networks.build(card.network, len(card.channels))
            module.load_state_dict(load_file(weights), strict=True)
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"The weights {weights} do not fit the network of the card ({_first_line(error)}); export it again."
            ) from error
        self._torch = torch
        self._device = torch.device(device)
        self._module = module.eval().to(self._device).to(memory_format=torch.channels_last)
        self._autocast = _autocast(torch, self._device, precision)
        if self._device.type == "cpu":
            torch.set_num_threads(threads)

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """See :meth:`Runtime.run`."""
        torch = self._torch
        tensor = torch.from_numpy(image)
        try:
            with torch.inference_mode():
                if self._device.type == "cuda":
                    tensor = tensor.pin_memory()
                tensor = tensor.to(self._device, non_blocking=True).contiguous(memory_format=torch.channels_last)
                with torch.autocast(self._device.type, self._autocast) if self._autocast else contextlib.nullcontext():
                    logits = self._module(tensor)
                probability = torch.sigmoid(logits.float())[:, 0]
                return np.asarray(probability.cpu().numpy(), np.float32)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise DeviceMemoryError(_first_line(error)) from error

    def stop(self) -> None:
        """See :meth:`Runtime.stop`; a batch in PyTorch ends by itself, soon enough on a GPU."""


def _autocast(module: Any, device: torch.device, precision: Precision) -> torch.dtype | None:
    if precision == "float32" or (precision == "auto" and device.type == "cpu"):
        return None
    if precision == "auto":
        precision = "bf16" if module.cuda.is_bf16_supported() else "fp16"
    dtype: torch.dtype = module.bfloat16 if precision == "bf16" else module.float16
    return dtype


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
