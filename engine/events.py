"""What the engine tells its caller: progress, log lines, result, error.

The core never prints. Every long operation takes a :class:`Reporter` and calls
:meth:`Reporter.progress` at least once a window, which is also where a request to cancel is
noticed. The command line turns events into a progress bar or, with ``--events json``, into one JSON
object a line for other programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import CancelledError

Level = Literal["debug", "info", "warning"]

WARNINGS: dict[str, str] = {
    "detect-no-cloud-mask": "Nothing tells clouds from ground.",
    "detect-no-slope": "The stack has no slope, with which the models tell scars from fields.",
    "detect-not-resumed": "An earlier run of another stack or model is not resumed.",
    "detect-pixel-size": "Pixels are not of the size that the models are trained on.",
    "detect-slope-partial": "A part of the ground has no slope.",
    "export-shortened": "Texts were cut to what the format holds.",
    "export-undated": "Landslides without a date were exported to a table that requires one.",
    "inventory-status": "Review statuses are not known; such polygons count as landslides.",
    "output-left-over": "Files of an earlier run lie in the folder and hold nothing of this one.",
    "raster-recognised": "Values of a mask or raster were read as another program means them.",
    "reference-missing": "Predicted masks without a reference are left out.",
    "reference-outside": "Reference landslides outside the analysed area do not count.",
    "reference-repaired": "Invalid reference polygons were repaired.",
    "scene-band-extent": "A band covers only part of the ground of the others.",
    "scene-change-doubtful": "Two dates are the same, or differ by an offset.",
    "scene-coarse": "The imagery's sharpest band has far larger pixels than models are trained on.",
    "scene-dates": "Products of different dates are put together.",
    "scene-dem-partial": "The elevation covers a part of the area only.",
    "scene-no-ndvi-change": "The change of vegetation stays unknown: bands are missing.",
    "scene-offset-doubtful": "The darkest pixels contradict what is stated about the DN's offset.",
    "scene-offset-unknown": "Nothing states the DN's offset, and no pixel is dark without one.",
    "scene-range": "The imagery's values are too small for digital numbers.",
    "scene-slope-range": "Slopes are outside 0 to 90 degrees.",
    "scene-slope-small": "Slopes may be radians instead of degrees.",
    "scene-undeclared-nodata": "A value that no file declares is taken for no data.",
    "training-no-crf": "The CRF of a method is not installed, so that its masks are not refined.",
    "training-no-pseudo-landslide": "The models find no landslide in the target of an adaptation.",
    "training-no-target": "There is no unlabelled split, so that nothing is adapted or predicted.",
    "training-not-calibrated": "Held-out patches allow no calibration; probabilities stay.",
    "training-random-split": "A random split of neighbouring patches makes scores too high.",
    "vector-elsewhere": "Geometries outside the area of use of a CRS do not count.",
    "vector-empty": "Rows without usable geometry do not count.",
    "vector-kinds": "Geometries of other kinds than asked for do not count.",
    "vector-layer-taken": "A layer of polygons of another name is read as landslides.",
    "vector-layers": "Only one of several layers was read.",
    "vector-no-area": "The area that was analysed is unknown; that of the landslides is taken.",
    "vectorize-not-split": "Landslides are not split as before, because a raster is not given.",
    "vectorize-too-large": "A blob is too large to be split and stays whole.",
}
"""Codes of warnings, by which other programs say them in their own words, with what each means.

A code is ``package-what-is-wrong`` and never changes once released.
"""


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of ``stage`` are finished."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Log:
    """One sentence for the person who waits.

    ``code`` names the kind of a warning for programs.
    """

    level: Level
    message: str
    code: str = ""


@dataclass(frozen=True)
class Result:
    """What a command produced; everything in it is JSON."""

    data: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """The command failed; ``code`` is that of :class:`engine.errors.L4SError`."""

    code: str
    message: str


Event = Progress | Log | Result | Failure
Listener = Callable[[Event], None]


def to_json(event: Event) -> str:
    """Encode an event as one line of JSON, for ``--events json``."""
    match event:
        case Progress(stage, done, total):
            body: dict[str, Any] = {
                "event": "progress",
                "stage": stage,
                "done": done,
                "total": total,
            }
        case Log(level, message, code):
            body = {"event": "log", "level": level, "message": message}
            if code:
                body["code"] = code
        case Result(data):
            body = {"event": "result", **data}
        case Failure(code, message):
            body = {"event": "error", "code": code, "message": message}
    return json.dumps(body, ensure_ascii=False, allow_nan=False)


class Reporter:
    """Carries events to a listener and requests to cancel back.

    Args:
        listener: Receives every event; None discards them.
        cancelled: Asked at every progress report; when it returns True, :class:`CancelledError` is
            raised there.
    """

    def __init__(
        self, listener: Listener | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        self._listener = listener
        self._cancelled = cancelled

    def check(self) -> None:
        """Raise :class:`CancelledError` if the caller asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Cancelled on request; nothing half-written is left.")

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report progress and check for cancellation.

        Args:
            stage: Name of the step.
            done: Units that are finished.
            total: Units of the step.

        Raises:
            CancelledError: The caller asked to stop.
        """
        self.check()
        if self._listener is not None:
            self._listener(Progress(stage, done, total))

    def log(self, message: str, level: Level = "info", *, code: str = "") -> None:
        """Pass one sentence to the person who waits."""
        if self._listener is not None:
            self._listener(Log(level, message, code))

    def warn(self, message: str, code: str) -> None:
        """Pass a sentence that must not be missed, with its code.

        ``code`` is a key of :data:`WARNINGS`.
        """
        self.log(message, "warning", code=code)


SILENT = Reporter()
