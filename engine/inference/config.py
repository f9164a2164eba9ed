"""How a stack is turned into probabilities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from engine.errors import ConfigError
from engine.inference.tiling import fade_px
from engine.settings import Range, check_ranges, parse

Views = Literal["none", "flip", "d4"]
Precision = Literal["auto", "float32", "bf16", "fp16"]
RuntimeName = Literal["auto", "onnx", "torch"]

Count = Annotated[int, Range(1)]
Positive = Annotated[float, Range(0, above=True)]

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

    iterations: Count = 5
    smooth_px: Positive = 1.0
    smooth_weight: Annotated[float, Range(0)] = 2.0
    edge_px: Positive = 15.0
    edge_colour: Positive = 15.0
    edge_weight: Annotated[float, Range(0)] = 4.0

    def __post_init__(self) -> None:
        check_ranges(self, "crf.")


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
    batch: Count | None = None
    threads: Count | None = None
    mask_quality: bool = True
    crf: CrfConfig | None = None
    checkpoint_s: Annotated[float, Range()] = 5.0

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
        if not DEVICES.fullmatch(self.device):
            raise ConfigError(
                f"A device is auto, cpu, cuda, cuda:N, directml or coreml, not {self.device!r}."
            )
        for name, kind in (("tta", Views), ("runtime", RuntimeName), ("precision", Precision)):
            parse(kind, getattr(self, name), "The settings", name)
        check_ranges(self)
