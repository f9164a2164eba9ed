"""From a code of the engine to a sentence that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Callable

from .i18n import tr


class EngineError(Exception):
    """The engine, or the way to it, failed.

    Args:
        code: Stable name of the kind of failure: the engine's own or one of :data:`SENTENCES`.
        message: What the engine said, in English.
        details: The last lines of its log.
    """

    def __init__(self, code: str, message: str = "", details: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.details = details

    def sentence(self) -> str:
        """What went wrong and what to do, in the language of QGIS."""
        return sentence(self.code, self.message)


# Functions, because the language is known only when QGIS has started.
SENTENCES: dict[str, Callable[[], str]] = {
    "cancelled": lambda: tr(
        "Stopped on request. The same folder goes on from where it stopped; delete it if you do not need it."
    ),
    "engine-start": lambda: tr(
        "The engine's Python could not be started. Open “Landslides ▸ Engine…” and repair it or choose another one."
    ),
    "engine-crash": lambda: tr(
        "The engine ended unexpectedly; QGIS is not affected. Often memory ran out: close other programs or choose a smaller area, and try again."
    ),
    "engine-failed": lambda: tr(
        "The engine stopped without saying why; the details show its last lines."
    ),
    "engine-silent": lambda: tr(
        "The engine ended without a result. Open “Landslides ▸ Engine…” and repair it."
    ),
    "engine-missing": lambda: tr(
        "The engine is not installed in the chosen Python. Open “Landslides ▸ Engine…” and repair it or choose another one."
    ),
    "engine-version": lambda: tr(
        "The engine's version does not fit this plugin. Open “Landslides ▸ Engine…” and update it."
    ),
    "environment-missing": lambda: tr(
        "The engine is not installed yet. Open “Landslides ▸ Engine…” and install it; that is needed only once."
    ),
    "environment-outdated": lambda: tr(
        "The engine belongs to another version of this plugin. Open “Landslides ▸ Engine…” and update it."
    ),
    "environment-broken": lambda: tr(
        "The engine's folder is damaged or was removed. Open “Landslides ▸ Engine…” and repair it."
    ),
    "file-missing": lambda: tr(
        "A file or folder does not exist; it may have been moved or renamed."
    ),
    "file-unreadable": lambda: tr(
        "A file cannot be read: it is damaged, incomplete or of another format."
    ),
    "product": lambda: tr(
        "The Sentinel-2 or DEM product is incomplete or contradicts itself; download it again."
    ),
    "channels": lambda: tr(
        "Channels are missing or not named; set them by hand in the list of channels or choose another model."
    ),
    "grid": lambda: tr("The rasters do not fit together."),
    "crs-missing": lambda: tr(
        "A layer has no coordinate reference system; set it in the layer's properties."
    ),
    "no-overlap": lambda: tr(
        "The image, the DEM and the area do not cover any common ground; check their coordinate reference systems."
    ),
    "no-valid-pixels": lambda: tr("There are no, or too few, pixels with data in the area."),
    "config": lambda: tr("An option makes no sense."),
    "dataset": lambda: tr("The labelled data cannot be used."),
    "bundle": lambda: tr("The model cannot be loaded."),
    "bundle-digest": lambda: tr(
        "A file of the model is damaged or was changed; copy the model again."
    ),
    "bundle-unsafe": lambda: tr(
        "The model's weights are in a format that could run any code, and are refused."
    ),
    "inventory": lambda: tr("The inventory cannot be used."),
    "output": lambda: tr("The results cannot be written; choose a folder in which you may write."),
    "busy": lambda: tr(
        "Another run works in this folder at the moment; wait until it is done, or choose another folder."
    ),
    "disk-full": lambda: tr("The disk is full; free some space or choose another output folder."),
    "dependency-missing": lambda: tr(
        "This needs the full installation. Open “Landslides ▸ Engine…” and install it."
    ),
    "device": lambda: tr("The chosen device cannot be used; choose “Automatic” or “CPU”."),
    "input": lambda: tr("Something that was given cannot be used."),
    "bug": lambda: tr("The engine met a bug. Please report it with the details."),
}


def sentence(code: str, message: str = "") -> str:
    """A sentence for a code, followed by what the engine said.

    The engine's message names the file or the value.
    """
    known = SENTENCES.get(code)
    if known is None:
        return message or tr("The engine reported “{code}”.").format(code=code)
    return f"{known()} {message}".strip()


@dataclass(frozen=True)
class Warned:
    """A warning of the engine.

    Attributes:
        code: Its kind, one of the engine's ``events.WARNINGS``; empty where it has none.
        message: What the engine said, in English and in terms of its command line.
    """

    code: str
    message: str

    @property
    def sentence(self) -> str:
        """The warning in the plugin's terms and the language of QGIS."""
        known = WARNINGS.get(self.code)
        return known() if known is not None else self.message


# What the engine warns of in terms of its command line, said in the plugin's terms. Codes that are
# not here are said with the engine's own sentence, which names files and values.
WARNINGS: dict[str, Callable[[], str]] = {
    "detect-no-cloud-mask": lambda: tr(
        "The image has no cloud mask: clouds hide landslides and can look like some. Choose a mask under “Advanced ▸ Clouds”, or look at the image before you trust the map."
    ),
    "detect-no-slope": lambda: tr(
        "There was no elevation: most landslides are missed or bare fields are drawn. Choose an elevation model and detect again."
    ),
    "detect-slope-partial": lambda: tr(
        "A part of the ground has no elevation; most landslides are missed there. Add the missing elevation."
    ),
    "detect-pixel-size": lambda: tr(
        "The stack's pixels are not of 10 m, for which models are made: expect landslides to be missed or invented. Choose the original image instead of the stack."
    ),
    "detect-not-resumed": lambda: tr(
        "The folder held a stopped run of another image, model or setting; it was discarded, and the detection began anew."
    ),
    "output-left-over": lambda: tr(
        "The folder holds files of an earlier run that tell nothing of this one; remove them where they are not needed."
    ),
    "scene-band-extent": lambda: tr(
        "A band covers only part of the ground of the others; the rest of it has no data."
    ),
    "scene-change-doubtful": lambda: tr(
        "The images before and after are the same, or one is brighter throughout: their change tells nothing. Check both."
    ),
    "scene-coarse": lambda: tr(
        "The image is far coarser than the 10 m for which models are made; small landslides will be missed."
    ),
    "scene-dates": lambda: tr("The products are of different dates; seams may show between them."),
    "scene-dem-partial": lambda: tr(
        "The elevation covers a part of the area only; in the rest most landslides are missed. Add the missing elevation."
    ),
    "scene-no-ndvi-change": lambda: tr(
        "The image before or after has no red or near infrared: the change of vegetation stays unknown."
    ),
    "scene-offset-doubtful": lambda: tr(
        "The darkest pixels contradict the offset that the product states; brightness may be wrong. Compare it with another product of the place."
    ),
    "scene-offset-unknown": lambda: tr(
        "Nothing tells whether the image carries the offset of products since 2022; brightness may be wrong. Prefer the product as downloaded over an export."
    ),
    "scene-slope-range": lambda: tr(
        "Slopes lie outside 0° to 90°: they are not in degrees, or hold values for no data that are not declared."
    ),
    "scene-slope-small": lambda: tr(
        "Slopes are so small that they may be in radians; models need degrees. Choose an elevation model instead."
    ),
    "scene-undeclared-nodata": lambda: tr(
        "A value that the file does not declare was taken for missing data."
    ),
    "vectorize-not-split": lambda: tr(
        "Landslides that touch are not split as before, because the raster for it is not there."
    ),
    "vectorize-too-large": lambda: tr("One area is too large to be split and stays whole."),
}


def escaped(text: str) -> str:
    """Text for a label that reads rich text: names of files and layers are no markup."""
    return escape(text, quote=False).replace("\n", "<br>")
