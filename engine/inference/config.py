"""How a stack is turned into probabilities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.errors import ConfigError
from engine.inference.tiling import fade_px

Views = Literal["none", "flip", "d4"]
Precision = Literal["auto", "float32", "bf16", "fp16"]
RuntimeName = Literal["auto", "onnx", "torch"]

DEVICES = re.compile(r"auto|cpu|cuda|cuda:\d+|directml|coreml")


def require_threshold(value: float) -> float:
    """Check a probability from which a pixel is called landslide.

    Returns:
        The value.

    Raises:
        ConfigError: It does not lie between 0 and 1.
    """
    if not 0 < value < 1:
        raise ConfigError(
            f"The threshold must lie between 0 and 1, but is {value:g}; 0.5 is a usual value."
        )
    return value


@dataclass(frozen=True)
class CrfConfig:
    """Fully connected CRF that pulls boundaries to edges of the image.

    Krähenbühl and Koltun (2011).

    The defaults are mild: a slide of a few pixels must survive. Distances in pixels, colours on 0 …
    255.

    Attributes:
        iterations: Mean-field steps.
        smooth_px: Reach of the kernel that removes specks.
        smooth_weight: Its weight.
        edge_px: Reach of the kernel that follows edges.
        edge_colour: Difference of colour that makes an edge.
        edge_weight: Its weight.
    """

    iterations: int = 5
    smooth_px: float = 1.0
    smooth_weight: float = 2.0
    edge_px: float = 15.0
    edge_colour: float = 15.0
    edge_weight: float = 4.0

    def __post_init__(self) -> None:
        if self.iterations < 1 or min(self.smooth_px, self.edge_px, self.edge_colour) <= 0:
            raise ConfigError("A CRF needs at least one iteration and positive reaches.")
        if min(self.smooth_weight, self.edge_weight) < 0:
            raise ConfigError("A CRF's weights must not be negative.")


@dataclass(frozen=True)
class InferenceConfig:
    """Windows, views, device and post-processing of a detection.

    Attributes:
        window_px: Largest window in pixels of the stack; None chooses 512 and the overlap, less for
            models that enlarge their input.
        overlap_px: Pixels that neighbouring windows share; None is as much as the models' reach
            asks for, or, where a card does not tell it, 192, less for models that enlarge; never
            more than half of a given window.
        tta: Test-time augmentation: ``none``, ``flip`` (4 views) or ``d4`` (8 views, with quarter
            turns).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``directml`` or ``coreml``; ``cuda`` uses
            every GPU of the machine.
        runtime: ``onnx`` or ``torch``; ``auto`` takes the faster one on the device.
        precision: ``auto`` is float32 on the CPU and mixed bf16 (fp16 on older GPUs) on CUDA.
        batch: Windows at once; None is 1 on the CPU and 16 on a GPU, halved when memory runs out.
        threads: Threads of the CPU runtime; None takes all cores.
        mask_quality: Whether clouds, shadow and snow of the stack's quality band become nodata.
        crf: Post-processing by a CRF, or None.
        checkpoint_s: Finished rows are made safe against a crash at most this often; negative
            never.
    """

    window_px: int | None = None
    overlap_px: int | None = None
    tta: Views = "none"
    device: str = "auto"
    runtime: RuntimeName = "auto"
    precision: Precision = "auto"
    batch: int | None = None
    threads: int | None = None
    mask_quality: bool = True
    crf: CrfConfig | None = None
    checkpoint_s: float = 5.0

    def __post_init__(self) -> None:
        if self.window_px is not None and not 32 <= self.window_px <= 8192:
            raise ConfigError(
                f"A window must measure 32 to 8192 pixels, not {self.window_px}; 512 is a usual"
                " value."
            )
        if self.overlap_px is not None and self.overlap_px < 0:
            raise ConfigError(
                f"The overlap must be 0 pixels or more, not {self.overlap_px}; 192 is a usual"
                " value."
            )
        overlap = self.overlap_px or 0
        if self.window_px is not None and overlap + fade_px(overlap) > self.window_px:
            raise ConfigError(
                f"An overlap of {overlap} pixels is too much for a window of {self.window_px};"
                " choose a larger window or a smaller overlap."
            )
        if self.tta not in ("none", "flip", "d4"):
            raise ConfigError(f"Test-time augmentation is none, flip or d4, not {self.tta!r}.")
        if not DEVICES.fullmatch(self.device):
            raise ConfigError(
                f"A device is auto, cpu, cuda, cuda:N, directml or coreml, not {self.device!r}."
            )
        if self.runtime not in ("auto", "onnx", "torch"):
            raise ConfigError(f"A runtime is auto, onnx or torch, not {self.runtime!r}.")
        if self.precision not in ("auto", "float32", "bf16", "fp16"):
            raise ConfigError(
                f"A precision is auto, float32, bf16 or fp16, not {self.precision!r}."
            )
        for name, value in (("batch", self.batch), ("threads", self.threads)):
            if value is not None and value < 1:
                raise ConfigError(f"The number of {name} must be at least 1, not {value}.")
