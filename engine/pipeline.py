"""Scene to inventory in one call: the only module that knows every stage."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from engine import __version__
from engine.errors import ConfigError, NoOverlapError, OutputError
from engine.events import SILENT, Reporter
from engine.inference import finished
from engine.inference.config import InferenceConfig
from engine.inference.detect import Prediction, predict
from engine.inference.mask import automatic_threshold, make_mask
from engine.inventory.geopackage import read_inventory, write_geopackage
from engine.inventory.inventory import Inventory
from engine.inventory.report import WELL_COVERED, write_report
from engine.inventory.scenes import combine
from engine.inventory.vectorize import VectorizeConfig, vectorize
from engine.models.bundle import ModelBundle
from engine.nouns import LandslideMask, ProbabilityRaster, Stack
from engine.raster import atomic_path, output_folder
from engine.scene.area import read_area
from engine.scene.change import change_on, change_path
from engine.scene.stack import StackConfig, make_stack, stack_provenance

Threshold = float | Literal["auto"] | None

DEFAULT_THRESHOLD = 0.5
"""For probability rasters of other programs, which do not note a threshold."""


@dataclass(frozen=True)
class DetectConfig:
    """How a stack becomes an inventory.

    Attributes:
        threshold: Probability from which a pixel is landslide; None takes the models' cards', ``auto`` the histogram's.
        inference: Windows, views, device.
        polygons: Minimum mapping unit, outlines.
    """

    threshold: Threshold = None
    inference: InferenceConfig = field(default_factory=InferenceConfig)
    polygons: VectorizeConfig = field(default_factory=VectorizeConfig)

    def __post_init__(self) -> None:
        if isinstance(self.threshold, (int, float)) and not 0 < self.threshold < 1:
            raise ConfigError(
                f"The threshold must lie between 0 and 1, but is {self.threshold:g}; 0.5 is a usual value."
            )


@dataclass(frozen=True)
class Detection:
    """What :func:`detect` wrote.

    Attributes:
        folder: Where everything lies.
        prediction: Probability and uncertainty rasters with the facts of the run.
        mask: The landslide mask.
        inventory: The polygons as ``inventory.gpkg`` holds them, reviewed ones of an earlier run included.
        inventory_path: The GeoPackage.
        report_path: The HTML report.
        run_path: ``run.json``.
    """

    folder: Path
    prediction: Prediction
    mask: LandslideMask
    inventory: Inventory
    inventory_path: Path
    report_path: Path
    run_path: Path


def detect(
    stack: Stack,
    bundles: Sequence[ModelBundle],
    *,
    out: Path,
    config: DetectConfig | None = None,
    area: BaseGeometry | None = None,
    change: Path | None = None,
    inputs: Mapping[str, Any] | None = None,
    report: Reporter = SILENT,
) -> Detection:
    """Detect landslides in a stack.

    Args:
        stack: Channels on one grid.
        bundles: One or more models; several are averaged.
        out: Folder for ``probability.tif``, ``uncertainty.tif`` (several members or views), ``mask.tif``, ``inventory.gpkg``,
            ``report.html`` and ``run.json``; created if needed.
        config: Threshold, inference and polygons.
        area: Only here is looked; in the stack's CRS.
        change: Raster of NDVI and brightness change on the stack's grid (:mod:`engine.scene.change`); None takes the one that
            ``l4s stack --before`` put beside the stack, if there is one.
        inputs: What the stack was made from, for the provenance.
        report: Receives progress.

    Returns:
        Handles on all that was written.

    Raises:
        L4SError: See :mod:`engine.errors`; nothing half-written bears its final name.
    """
    config = config or DetectConfig()
    started, clock = datetime.now(timezone.utc), time.monotonic()
    output_folder(out)
    _warn_without_cloud_mask(stack, config.inference, report)
    prediction = predict(stack, bundles, out=out, config=config.inference, area=area, report=report)
    threshold = _threshold(config.threshold, prediction, report)
    # It stands for a complete result: an earlier one's must not stay beside the files that are replaced from here on.
    (out / "run.json").unlink(missing_ok=True)
    mask = make_mask(prediction.probability, out=out / "mask.tif", threshold=threshold, report=report)
    change = change or change_on(stack.grid, [change_path(stack.path)], report)
    run = {
        "engine_version": __version__,
        "created": started.isoformat(timespec="seconds"),
        "models": _models([{"name": b.card.name, "version": b.card.version, "digest": b.digest} for b in bundles]),
        "threshold": threshold,
        "parameters": asdict(config),
        **_sources(stack, change, inputs),
        **prediction.facts,
    }
    inventory = vectorize(
        mask,
        probability=prediction.probability,
        stack=stack,
        uncertainty=prediction.uncertainty,
        change=change,
        area=area,
        config=config.polygons,
        run=run,
        report=report,
    )
    _warn_of_partial_slope(inventory, report)
    written = _write(inventory, out, clock, stack=stack, probability=prediction.probability, report=report)
    return Detection(out, prediction, mask, *written)


def _write(
    inventory: Inventory,
    out: Path,
    clock: float,
    *,
    stack: Stack | None,
    probability: ProbabilityRaster | None = None,
    report: Reporter,
) -> tuple[Inventory, Path, Path, Path]:
    """Write an inventory with its report and its record; ``clock`` says when the work began.

    Returns:
        The inventory as the file holds it, the GeoPackage, the report, ``run.json``.
    """
    run_path = out / "run.json"
    run_path.unlink(missing_ok=True)
    inventory_path = write_geopackage(inventory, out / "inventory.gpkg", report=report)
    # What was reviewed in an earlier run came in while writing: every number from here on is the file's.
    inventory = read_inventory(inventory_path)
    with _beside(inventory_path):
        report_path = write_report(inventory, out / "report.html", stack=stack, probability=probability, report=report)
        # The polygons' own record knows more by now: the area seen, what hid the rest, how many landslides there are.
        run = {**inventory.run, "seconds": round(time.monotonic() - clock, 1)}
        with atomic_path(run_path) as temporary:
            temporary.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return inventory, inventory_path, report_path, run_path


def _warn_without_cloud_mask(stack: Stack, config: InferenceConfig, report: Reporter) -> None:
    """Say that nobody looked for clouds: a clouded map without landslides looks like a map without landslides."""
    if stack.has_quality or not config.mask_quality:
        return
    remedy = (
        "make the stack with `--quality s2cloudless` (extra `clouds`), which computes a mask from Level-1C bands."
        if "B10" in stack.channels
        else "look for clouds in the image before you trust the map."
    )
    report.warn(
        f"{stack.path.name} has no cloud mask, so clouds are taken for ground: they hide landslides and can look like some; {remedy}"
    )


def _warn_of_partial_slope(inventory: Inventory, report: Reporter) -> None:
    covered = inventory.run.get("slope_covered")
    if covered and covered < WELL_COVERED:
        report.warn(
            f"{100 * (1 - covered):.1f} % of the ground has no slope, without which most landslides are missed or fields are drawn: an "
            "elevation model (DEM) is missing there."
        )


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
    report: Reporter = SILENT,
) -> Inventory:
    """Draw landslides from a finished probability raster or a mask, without detecting anew.

    What the raster says of its own run (models, area of interest) goes into the record, and the uncertainty and the change raster of
    the same run are taken where none is given.

    Args:
        probability: What was detected; may be left out where there is a mask.
        out: GeoPackage; reviewed polygons in it are kept. Its folder is created if needed.
        mask: Taken instead of thresholding the probability.
        threshold: Probability from which a pixel is landslide; None takes that of the models, which the raster notes.
        stack: Gives terrain and vegetation.
        uncertainty: Gives the agreement of models and views.
        change: Raster of NDVI and brightness change.
        polygons: Minimum mapping unit, outlines.
        report: Receives progress.

    Returns:
        The inventory as the file holds it.

    Raises:
        ConfigError: Neither a probability nor a mask was given, or the threshold is not between 0 and 1.
        L4SError: What :func:`engine.inventory.vectorize.vectorize` and :func:`engine.inventory.geopackage.write_geopackage` raise.
    """
    output_folder(out.resolve().parent)
    origin = finished.Origin("", {}, None)
    noted: dict[str, Any] = {}
    with TemporaryDirectory(prefix="l4s-") as folder:
        if probability is not None:
            origin = finished.origin_of(probability.path)
            uncertainty = uncertainty or finished.uncertainty_of(probability)
            change = change or change_on(probability.grid, _changes_of(probability, stack), report)
            if mask is None:
                cut = threshold or probability.threshold() or DEFAULT_THRESHOLD
                mask = make_mask(probability, out=Path(folder) / "mask.tif", threshold=cut, report=report)
                noted = {"models": _models(origin.facts.get("members", [])), "threshold": cut, **origin.facts}
        if mask is None:
            raise ConfigError("Neither a probability nor a mask was given; give the raster that `l4s detect` wrote.")
        inventory = vectorize(
            mask,
            probability=probability,
            stack=stack,
            uncertainty=uncertainty,
            change=change,
            area=origin.area,
            config=polygons,
            run={**noted, **_sources(stack, change)},
            report=report,
        )
    return read_inventory(write_geopackage(inventory, out, report=report))


def _changes_of(probability: ProbabilityRaster, stack: Stack | None) -> list[Path]:
    """Where the change raster of a detection may lie. One beside it is left from an earlier run where its record knows of none."""
    try:
        inputs = json.loads(probability.path.with_name("run.json").read_text(encoding="utf-8"))["inputs"]
        noted = [Path(inputs["change"])] if "change" in inputs else []
        beside = "change" in inputs or "before" in inputs
    except (OSError, ValueError, KeyError, TypeError):
        noted, beside = [], True
    places = noted + ([probability.path.with_name("change.tif")] if beside else [])
    return places + ([change_path(stack.path)] if stack is not None else [])


@contextmanager
def _beside(inventory: Path) -> Iterator[None]:
    """Say of an inventory that what belongs beside it could not be written."""
    try:
        yield
    except OutputError as error:
        raise type(error)(
            f"{str(error).rstrip('.')}; {inventory.name} is finished, but its report and run.json are missing: the same command makes them "
            "without computing anything again."
        ) from error


def stack_for(
    imagery: Sequence[Path], dem: Sequence[Path], *, out: Path, config: StackConfig, report: Reporter = SILENT
) -> Stack:
    """Make ``out/stack.tif``, or take the one that an interrupted or earlier run made from the very same inputs.

    Args:
        imagery: Sentinel-2 product, or files that hold its bands.
        dem: Elevation models.
        out: Folder of the results.
        config: How the stack is made.
        report: Receives progress.

    Raises:
        L4SError: What :func:`engine.scene.stack.make_stack` raises.
    """
    output_folder(out)
    path, record = out / "stack.tif", out / "stack.json"
    made_from = json.dumps(
        {
            "engine_version": __version__,
            "inputs": [_identity(p) for p in (*imagery, *dem, *([config.aoi] if config.aoi else []))],
            "config": asdict(config),
        },
        default=str,
        indent=2,
    )
    if path.exists() and record.exists() and record.read_text(encoding="utf-8") == made_from:
        report.log(f"The stack {path} was made from the same inputs and is used again.")
        return Stack.open(path)
    record.unlink(missing_ok=True)
    stack = make_stack(imagery, dem, out=path, config=config, report=report)
    with atomic_path(record) as temporary:
        temporary.write_text(made_from, encoding="utf-8")
    return stack


def _identity(path: Path) -> list[Any]:
    """What tells whether a file, or any file in a folder, is still the same: size and time of change."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [str(path.resolve()), [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.exists()]]


@dataclass(frozen=True)
class Job:
    """One detection: a stack, the part of it to look at (None for all), and the folder of its results."""

    name: str
    stack: Stack
    area: BaseGeometry | None
    out: Path


def jobs(stacks: Sequence[Stack], *, out: Path, aoi: Path | None = None, each_area: bool = False) -> list[Job]:
    """List what has to be done for several stacks, or for each polygon of an area of interest.

    Args:
        stacks: One or more stacks; several get folders of their own, named after their files.
        out: Folder of all results.
        aoi: Polygons to look at, in any CRS.
        each_area: Whether each polygon becomes a detection of its own.

    Raises:
        NoOverlapError: The area lies outside every stack.
        ConfigError: ``each_area`` without an area, or two stacks of the same name.
        L4SError: What :func:`engine.scene.area.read_area` raises.
    """
    if each_area and aoi is None:
        raise ConfigError("--each-area needs --aoi: give a file with the polygons to look at.")
    names = [stack.path.stem for stack in stacks]
    if len(set(names)) < len(names):
        raise ConfigError("Two of the stacks bear the same file name, so their results would mix; rename one.")
    found: list[Job] = []
    for stack in stacks:
        folder = out / stack.path.stem if len(stacks) > 1 else out
        if aoi is None:
            found.append(Job(stack.path.stem, stack, None, folder))
            continue
        shapes = [shape for shape in read_area(aoi).to_crs(stack.grid.crs) if shape.intersects(box(*stack.grid.bounds))]
        if each_area:
            found += [Job(f"area {i}", stack, shape, folder / f"area-{i}") for i, shape in enumerate(shapes, start=1)]
        elif shapes:
            found.append(Job(stack.path.stem, stack, union_all(shapes), folder))
    if not found:
        raise NoOverlapError(f"The area of interest {aoi} lies outside the imagery; choose one that overlaps it.")
    return found


@dataclass(frozen=True)
class Merged:
    """What :func:`merge` wrote.

    Attributes:
        inventory: The polygons as the file holds them.
        inventory_path: The GeoPackage.
        report_path: The HTML report.
        run_path: ``run.json``.
    """

    inventory: Inventory
    inventory_path: Path
    report_path: Path
    run_path: Path


def merge(detections: Sequence[Detection], out: Path, *, report: Reporter = SILENT) -> Merged:
    """Write one inventory of several detections with its report; ground and landslides that two of them saw count once.

    Args:
        detections: One or more; see :func:`engine.inventory.scenes.combine`.
        out: Folder for ``inventory.gpkg``, ``report.html`` and ``run.json``.
        report: Receives progress.

    Raises:
        L4SError: See :mod:`engine.errors`.
    """
    clock = time.monotonic()
    stacks = {str(d.inventory.run["inputs"]["stack"]) for d in detections}
    stack = Stack.open(Path(stacks.pop())) if len(stacks) == 1 else None
    combined = combine([d.inventory for d in detections])
    report.log(
        f"Of landslides that two detections mapped, {combined.run['mapped_twice']} were left out and {combined.run['joined']} joined."
    )
    return Merged(*_write(combined, output_folder(out), clock, stack=stack, report=report))


def left_from_earlier(todo: Sequence[Job], out: Path, *, merged: bool) -> list[Path]:
    """Results in the folder that an earlier request left and this one does not replace: further areas, an inventory of all.

    Args:
        todo: The detections of this request.
        out: Folder of all results.
        merged: Whether this request writes an inventory of all.
    """
    folders = {job.out for job in todo}
    areas = {path.parent for folder in folders for path in folder.parent.glob("area-*/inventory.gpkg")}
    alone = out / "inventory.gpkg"
    return sorted(areas - folders) + ([alone] if alone.exists() and not merged and out not in folders else [])


def _threshold(wanted: Threshold, prediction: Prediction, report: Reporter) -> float:
    if wanted is None:
        return prediction.threshold
    if wanted == "auto":
        value = automatic_threshold(prediction.probability, around=prediction.threshold, report=report)
        report.log(f"The threshold is {value:.3f}, from the histogram of probabilities.")
        return value
    return float(wanted)


def _models(members: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The models of a run, as its record names them."""
    return [{name: member.get(name) for name in ("name", "version", "digest")} for member in members]


def _sources(stack: Stack | None, change: Path | None, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What results come from: the files, and what stack and change raster themselves say of the products behind them.

    Args:
        stack: What was looked at.
        change: Raster of the change since before the event.
        given: What the user named; it takes precedence.

    Returns:
        ``inputs`` and, where the stack carries its record, ``stack_made_from``.
    """
    inputs: dict[str, Any] = {}
    made: dict[str, Any] = {}
    if stack is not None:
        made = stack_provenance(stack.path)
        inputs = {"stack": str(stack.path), "channels": list(stack.channels), "grid": stack.grid.describe()}
        inputs["images"] = [product["name"] for product in made.get("imagery", [])]
        inputs["dem"] = list(made.get("dem", []))
    if change is not None:
        inputs["change"] = str(change)
        inputs["before"] = [product["name"] for product in stack_provenance(change).get("before", [])]
    known = {name: value for name, value in {**inputs, **(given or {})}.items() if value}
    return {"inputs": known, **({"stack_made_from": made} if made else {})}
