"""Networks on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, DeviceError
from engine.inference.runtime import (
    DeviceMemoryError,
    StoppedError,
    first_line,
    is_out_of_memory,
)


class OnnxRuntime:
    """A network as ONNX, see :class:`engine.inference.runtime.Runtime`.

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
        """See :meth:`engine.inference.runtime.Runtime.run`."""
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
        """See :meth:`engine.inference.runtime.Runtime.stop`."""
        self._stopped = True
        self._options.terminate = True
