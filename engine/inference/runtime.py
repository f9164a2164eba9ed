"""The contract of networks: from an image to its probability.

``(N, C, h, w) float32 → (N, h, w)``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a runtime's error says that memory ran out.

    Such errors have no type of their own.
    """
    return any(words in str(error).lower() for words in _MEMORY)


def first_line(error: BaseException) -> str:
    """The first line of an error, which is what a person can use of it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
