"""Networks behind one contract: ``(N, C, h, w) float32 → (N, h, w) probability``, on ONNX Runtime
or PyTorch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, DeviceError
from engine.inference.config import Precision
from engine.inference.devices import Choice
from engine.models.bundle import ModelBundle

_MEMORY = (
    "out of memory",
    "failed to allocate",
    "bad_alloc",
    "bad allocation",
    "not enough memory",
    "can't allocate memory",
)


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


def load(
    bundle: ModelBundle, choice: Choice, device: str, *, precision: Precision, threads: int
) -> Runtime:
    """Load a bundle's network onto a device.

    Args:
        bundle: The model.
        choice: Kind of device and preferred runtime; the other runtime is taken for a bundle that
            has no file for it.
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
        from engine.inference.torch_runtime import TorchRuntime

        return TorchRuntime(
            bundle.card, bundle.weights_path, device, precision=precision, threads=threads
        )
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
        # A plan of the whole memory for each size of window: DirectML refuses it, on the CPU it
        # doubles what two windows at once take.
        options.enable_mem_pattern = provider not in (
            "DmlExecutionProvider",
            "CPUExecutionProvider",
        )
        # Idle threads that spin would take the cores from reading and blending.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        named: Any = (
            (provider, {"device_id": int(device.split(":")[1])})
            if device.startswith("cuda:")
            else provider
        )
        try:
            self._session = ort.InferenceSession(path, options, providers=[named])
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            raise BundleError(
                f"{path} is not a network that ONNX Runtime can load ({first_line(error)}); export"
                " it again."
            ) from error
        if self._session.get_providers()[0] != provider:
            raise DeviceError(
                f"ONNX Runtime could not start {provider} (driver or libraries are missing); use"
                " --device cpu."
            )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [i.name for i in inputs] != ["image"] or "probability" not in [o.name for o in outputs]:
            raise BundleError(f"{path} must map `image` to `probability`; export the bundle again.")
        self._options = ort.RunOptions()
        self._stopped = False

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """See :meth:`Runtime.run`."""
        try:
            result: NDArray[np.float32] = self._session.run(
                ["probability"], {"image": image}, self._options
            )[0]
        except Exception as error:  # as above; what it says tells them apart
            if self._stopped:
                raise StoppedError from error
            if is_out_of_memory(error):
                raise DeviceMemoryError(first_line(error)) from error
            raise BundleError(
                f"The network failed on an input of shape {image.shape} ({first_line(error)})."
            ) from error
        return result

    def stop(self) -> None:
        """See :meth:`Runtime.stop`."""
        self._stopped = True
        self._options.terminate = True


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a runtime's error says that memory ran out; they have no type of their own for it."""
    return any(words in str(error).lower() for words in _MEMORY)


def first_line(error: BaseException) -> str:
    """The first line of an error, which is what a person can use of it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
