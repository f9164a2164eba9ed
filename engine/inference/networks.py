"""The networks of an ensemble, loaded onto their devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import BundleError
from engine.inference.config import InferenceConfig, Precision
from engine.inference.devices import Choice, choose, cores
from engine.inference.ensemble import Ensemble, Member, views
from engine.inference.onnx_runtime import OnnxRuntime
from engine.inference.runtime import Runtime
from engine.models.bundle import ModelBundle
from engine.models.card import common_threshold

_CPU_AT_ONCE = 2
"""Each needs memory of its own for what the network computes in between: not as many as there are
cores."""


@dataclass(frozen=True)
class Networks:
    """The ensemble's networks, loaded.

    Attributes:
        choice: Device and runtime, and why.
        runtimes: For each device the runtime of each bundle.
        threads: Threads on the CPU.
        at_once: Batches that a device computes at once.
    """

    choice: Choice
    runtimes: tuple[tuple[Runtime, ...], ...]
    threads: int
    at_once: int

    @classmethod
    def load(cls, bundles: Sequence[ModelBundle], config: InferenceConfig) -> Networks:
        """Choose devices and load every bundle's network onto each.

        Raises:
            DeviceError, DependencyError, BundleError: See :mod:`engine.inference.devices` and
            :mod:`engine.inference.runtime`.
        """
        choice, threads = choose(config.device, config.runtime), config.threads or cores()
        # On the CPU two windows at once, each with half of the threads, lose less to waiting for
        # each other than one window with all.
        onnx = (
            choice.kind == "cpu"
            and choice.runtime == "onnx"
            and all(b.onnx_path is not None for b in bundles)
        )
        at_once = _CPU_AT_ONCE if onnx and threads % _CPU_AT_ONCE == 0 else 1
        runtimes = tuple(
            tuple(
                load(bundle, choice, device, precision=config.precision, threads=threads // at_once)
                for bundle in bundles
            )
            for device in choice.devices
        )
        return cls(choice, runtimes, threads, at_once)

    @property
    def names(self) -> str:
        """Runtimes in use, for people."""
        return " and ".join(sorted({runtime.name for runtime in self.runtimes[0]}))

    def ensembles(
        self, bundles: Sequence[ModelBundle], layouts: Sequence[int], config: InferenceConfig
    ) -> tuple[Ensemble, ...]:
        """The ensemble on each device, as often as it computes batches at once.

        Args:
            bundles: The models.
            layouts: For each model the number of its input.
            config: Which views.
        """
        return tuple(
            Ensemble(
                [
                    Member(runtime, layout, bundle.card.weight, bundle.card.input_scale)
                    for runtime, layout, bundle in zip(runtimes, layouts, bundles, strict=True)
                ],
                views(config.tta),
            )
            for runtimes in self.runtimes
            for _ in range(self.at_once)
        )


def card_threshold(bundles: Sequence[ModelBundle]) -> float:
    """The threshold of these models together, as their cards say."""
    return common_threshold([bundle.card for bundle in bundles])


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
