"""From a finished probability or mask to an inventory."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, output_folder
from engine.handles import LandslideMask, ProbabilityRaster, Stack
from engine.inference import finished
from engine.inference.mask import make_mask
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.inventory.vectorize import VectorizeConfig, vectorize
from engine.pipeline.results import record_of
from engine.scene.change import change_on, change_path

DEFAULT_THRESHOLD = 0.5
"""For probability rasters of other programs, which do not note a threshold."""


def redraw(
    probability: ProbabilityRaster | None,
    *,
    out: Path,
    mask: LandslideMask | None = None,
    threshold: float | None = None,
    stack: Stack | None = None,
    uncertainty: ProbabilityRaster | None = None,
    change: Path | None = None,
    polygons: VectorizeConfig | None = None,
    reporter: Reporter = SILENT,
) -> Inventory:
    """Draw landslides from a finished probability or mask.

    What the raster says of its own run (models, area of interest) goes into the record, and the
    uncertainty and the change raster of the same run are taken where none is given.

    Args:
        probability: What was detected; may be left out where there is a mask.
        out: GeoPackage; reviewed polygons in it are kept. Its folder is created if needed.
        mask: Taken instead of thresholding the probability.
        threshold: Probability from which a pixel is landslide; None takes that of the models, which
            the raster notes.
        stack: Gives terrain and vegetation.
        uncertainty: Gives the agreement of models and views.
        change: Raster of NDVI and brightness change.
        polygons: Minimum mapping unit, outlines.
        reporter: Receives progress.

    Returns:
        The inventory as the file holds it.

    Raises:
        ConfigError: Neither a probability nor a mask was given, or the threshold is not between 0
            and 1.
        L4SError: What :func:`engine.inventory.vectorize.vectorize` and
            :func:`engine.inventory.storage.geopackage.write_geopackage` raise.
    """
    output_folder(out.resolve().parent)
    origin = finished.Origin("", {}, None)
    cut: float | None = None
    with TemporaryDirectory(prefix="l4s-") as folder:
        if probability is not None:
            origin = finished.origin_of(probability.path)
            uncertainty = uncertainty or finished.uncertainty_of(probability)
            change = change or change_on(probability.grid, changes_of(probability, stack), reporter)
            if mask is None:
                cut = threshold or probability.threshold() or DEFAULT_THRESHOLD
                mask = make_mask(
                    probability,
                    out=ResultFolder(Path(folder)).mask,
                    threshold=cut,
                    reporter=reporter,
                )
        if mask is None:
            raise ConfigError(
                "Neither a probability nor a mask was given; give the raster that `l4s detect`"
                " wrote."
            )
        inventory = vectorize(
            mask,
            probability=probability,
            stack=stack,
            uncertainty=uncertainty,
            change=change,
            area=origin.area,
            config=polygons,
            run=record_of(origin.facts, cut, stack=stack, change=change),
            reporter=reporter,
        )
    inventory = read_inventory(write_geopackage(inventory, out, reporter=reporter))
    beside = ResultFolder(out.parent)
    if out.name == beside.inventory.name and beside.report.exists():
        reporter.log(
            f"{beside.report.name} beside {out.name} still shows the earlier landslides; `l4s"
            " report` writes it anew."
        )
    return inventory


def changes_of(probability: ProbabilityRaster, stack: Stack | None) -> list[Path]:
    """Where the change raster of a detection may lie.

    One beside the probability is left from an earlier run where its record knows of none.
    """
    folder = ResultFolder(probability.path.parent)
    try:
        inputs = json.loads(folder.run.read_text(encoding="utf-8"))["inputs"]
        noted = [Path(inputs["change"])] if "change" in inputs else []
        beside = "change" in inputs or "before" in inputs
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        noted, beside = [], True
    places = noted + ([folder.change] if beside else [])
    return places + ([change_path(stack.path)] if stack is not None else [])
