"""A folder of results: the inventory, its report, and the run's record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import OutputError
from engine.events import Reporter
from engine.files import ResultFolder, write_json
from engine.handles import ProbabilityRaster, Stack
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.report.page import write_report
from engine.scene.stack import stack_provenance


@dataclass(frozen=True)
class Results:
    """What :func:`write_results` wrote.

    Attributes:
        inventory: The polygons as the file holds them, reviewed ones of an earlier run included.
        inventory_path: The GeoPackage.
        report_path: The HTML report.
        run_path: ``run.json``.
    """

    inventory: Inventory
    inventory_path: Path
    report_path: Path
    run_path: Path


def write_results(
    inventory: Inventory,
    folder: ResultFolder,
    clock: float,
    *,
    stack: Stack | None,
    probability: ProbabilityRaster | None = None,
    reporter: Reporter,
) -> Results:
    """Write an inventory with its report and its record.

    Args:
        inventory: What was found.
        folder: Where they go; an inventory in it is updated as
            :func:`engine.inventory.storage.geopackage.write_geopackage` describes.
        clock: When the work began, by :func:`time.monotonic`.
        stack: The image below the report's map.
        probability: For its map in the report.
        reporter: Receives progress.

    Raises:
        L4SError: See :mod:`engine.errors`.
    """
    folder.run.unlink(missing_ok=True)
    inventory_path = write_geopackage(inventory, folder.inventory, reporter=reporter)
    # What was reviewed in an earlier run came in while writing: every number from here on is the
    # file's.
    inventory = read_inventory(inventory_path)
    with _beside(inventory_path):
        report_path = write_report(
            inventory, folder.report, stack=stack, probability=probability, reporter=reporter
        )
        # The polygons' own record knows more by now: the area seen, what hid the rest, how many
        # landslides there are.
        run = {**inventory.run, "seconds": round(time.monotonic() - clock, 1)}
        write_json(folder.run, run)
    return Results(inventory, inventory_path, report_path, folder.run)


@contextmanager
def _beside(inventory: Path) -> Iterator[None]:
    """Say of an inventory that what belongs beside it could not be written."""
    try:
        yield
    except OutputError as error:
        raise type(error)(
            f"{str(error).rstrip('.')}; {inventory.name} is finished, but its report and run.json"
            " are missing: the same command makes them without computing anything again."
        ) from error


def record_of(
    facts: Mapping[str, Any],
    threshold: float | None,
    *,
    stack: Stack | None,
    change: Path | None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The record of a run, before its polygons are drawn.

    Args:
        facts: How the probability was made
            (:attr:`engine.inference.detect.Prediction.facts`); empty where nobody knows.
        threshold: Probability from which a pixel is landslide; None for a mask of another program.
        stack: What was searched.
        change: Raster of the change since before the event.
        given: What the user named.
    """
    made: dict[str, Any] = {}
    if threshold is not None:
        models = [
            {key: member.get(key) for key in ("name", "version", "digest")}
            for member in facts.get("members", [])
        ]
        made = {"models": models, "threshold": threshold, **facts}
    return {**made, **sources_of(stack, change, given)}


def sources_of(
    stack: Stack | None, change: Path | None, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What results come from: the files, and the products behind them.

    Args:
        stack: What was searched.
        change: Raster of the change since before the event.
        given: What the user named; it takes precedence.

    Returns:
        ``inputs`` and, where the stack carries its record, ``stack_made_from``.
    """
    inputs: dict[str, Any] = {}
    made: dict[str, Any] = {}
    if stack is not None:
        made = stack_provenance(stack.path)
        inputs = {
            "stack": str(stack.path),
            "channels": list(stack.channels),
            "grid": stack.grid.describe(),
        }
        inputs["images"] = [product["name"] for product in made.get("imagery", [])]
        inputs["dem"] = list(made.get("dem", []))
    if change is not None:
        inputs["change"] = str(change)
        inputs["before"] = [
            product["name"] for product in stack_provenance(change).get("before", [])
        ]
    known = {name: value for name, value in {**inputs, **(given or {})}.items() if value}
    return {"inputs": known, **({"stack_made_from": made} if made else {})}
