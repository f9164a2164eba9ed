"""Networks on PyTorch; imported only when this runtime is asked for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, DependencyError
from engine.inference.config import Precision
from engine.inference.runtime import DeviceMemoryError, first_line, is_out_of_memory
from engine.models.card import ModelCard

if TYPE_CHECKING:
    import torch


class TorchRuntime:
    """A network in PyTorch, see :class:`engine.inference.runtime.Runtime`.

    Args:
        card: Names the builder in :mod:`engine.models.networks`.
        weights: The safetensors file.
        device: ``cpu`` or ``cuda:N``.
        precision: float32, or mixed precision; ``auto`` is float32 on the CPU and mixed on CUDA.
        threads: Threads on the CPU.
    """

    name = "PyTorch"

    def __init__(
        self, card: ModelCard, weights: Path, device: str, *, precision: Precision, threads: int
    ) -> None:
        try:
            import torch
            from safetensors.torch import load_file

            from engine.models import networks
        except ImportError as error:
            raise DependencyError(
                f"The model {card.name} needs PyTorch here, which is not installed ({error});"
                " install it with `pip install l4s-engine[train]` or use a bundle with model.onnx"
                " on the CPU."
            ) from error
        try:
            module = networks.build(card.network, len(card.channels))
            module.load_state_dict(load_file(weights), strict=True)
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"The weights {weights} do not fit the network of the card ({first_line(error)});"
                " export it again."
            ) from error
        self._torch = torch
        self._device = torch.device(device)
        self._module = module.eval().to(self._device).to(memory_format=torch.channels_last)
        self._autocast = _autocast(torch, self._device, precision)
        if self._device.type == "cpu":
            torch.set_num_threads(threads)

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """See :meth:`engine.inference.runtime.Runtime.run`."""
        torch = self._torch
        tensor = torch.from_numpy(image)
        try:
            with torch.inference_mode():
                if self._device.type == "cuda":
                    tensor = tensor.pin_memory()
                tensor = tensor.to(self._device, non_blocking=True).contiguous(
                    memory_format=torch.channels_last
                )
                with (
                    torch.autocast(self._device.type, self._autocast)
                    if self._autocast
                    else contextlib.nullcontext()
                ):
                    logits = self._module(tensor)
                probability = torch.sigmoid(logits.float())[:, 0]
                return np.asarray(probability.cpu().numpy(), np.float32)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise BundleError(
                    f"The network failed on an input of shape {image.shape} ({first_line(error)})."
                ) from error
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            raise DeviceMemoryError(first_line(error)) from error

    def stop(self) -> None:
        """See :meth:`engine.inference.runtime.Runtime.stop`.

        A batch in PyTorch cannot be interrupted; on a GPU it ends soon enough.
        """


def _autocast(module: Any, device: torch.device, precision: Precision) -> torch.dtype | None:
    if precision == "float32" or (precision == "auto" and device.type == "cpu"):
        return None
    if precision == "auto":
        precision = "bf16" if module.cuda.is_bf16_supported() else "fp16"
    dtype: torch.dtype = module.bfloat16 if precision == "bf16" else module.float16
    return dtype
