"""The parts of one request: a stack, and a detection for each area."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shapely import union_all
from shapely.geometry.base import BaseGeometry

from engine import __version__
from engine.errors import ConfigError, NoOverlapError
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, output_folder, write_json
from engine.handles import Stack
from engine.scene.area import area_on
from engine.scene.stack import StackConfig, make_stack


def stack_for(
    imagery: Sequence[Path],
    dem: Sequence[Path],
    *,
    out: Path,
    config: StackConfig,
    reporter: Reporter = SILENT,
) -> Stack:
    """Make ``out/stack.tif``, or take the one made from the same inputs.

    Args:
        imagery: Sentinel-2 product, or files that hold its bands.
        dem: Elevation models.
        out: Folder of the results.
        config: How the stack is made.
        reporter: Receives progress.

    Raises:
        L4SError: What :func:`engine.scene.stack.make_stack` raises.
    """
    folder = ResultFolder(output_folder(out))
    path, record = folder.stack, folder.stack_record
    made_from = {
        "engine_version": __version__,
        "inputs": [_identity(p) for p in (*imagery, *dem, *([config.aoi] if config.aoi else []))],
        "config": asdict(config),
    }
    if path.exists() and _holds(record, made_from):
        reporter.log(f"The stack {path} was made from the same inputs and is used again.")
        return Stack.open(path)
    record.unlink(missing_ok=True)
    stack = make_stack(imagery, dem, out=path, config=config, reporter=reporter)
    write_json(record, made_from)
    return stack


def _holds(record: Path, content: dict[str, Any]) -> bool:
    """Whether a file holds this very content as JSON."""
    try:
        noted = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(noted == json.loads(json.dumps(content, default=str)))


def _identity(path: Path) -> list[Any]:
    """Size and time of change of a file, or of every file in a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [
        str(path.resolve()),
        [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.exists()],
    ]


@dataclass(frozen=True)
class Job:
    """One detection.

    Attributes:
        name: For people.
        stack: Its imagery.
        area: The part of the stack that is searched, in the stack's CRS; None for all of it.
        out: Folder of its results.
    """

    name: str
    stack: Stack
    area: BaseGeometry | None
    out: Path


def jobs(
    stacks: Sequence[Stack], *, out: Path, aoi: Path | None = None, each_area: bool = False
) -> list[Job]:
    """List the detections of several stacks or of each polygon.

    Args:
        stacks: One or more stacks; several get folders of their own, named after their files.
        out: Folder of all results.
        aoi: Polygons that restrict the detection, in any CRS.
        each_area: Whether each polygon becomes a detection of its own.

    Raises:
        NoOverlapError: The area lies outside every stack.
        ConfigError: ``each_area`` without an area, or two stacks of the same name.
        L4SError: What :func:`engine.scene.area.area_on` raises.
    """
    if each_area and aoi is None:
        raise ConfigError("--each-area needs --aoi: give a file with the polygons to search.")
    names = [stack.path.stem for stack in stacks]
    if len(set(names)) < len(names):
        raise ConfigError(
            "Two of the stacks bear the same file name, so their results would mix; rename one."
        )
    found: list[Job] = []
    for stack in stacks:
        folder = out / stack.path.stem if len(stacks) > 1 else out
        if aoi is None:
            found.append(Job(stack.path.stem, stack, None, folder))
            continue
        shapes = area_on(stack.grid, aoi)
        if each_area:
            found += [
                Job(f"area {i}", stack, shape, folder / f"area-{i}")
                for i, shape in enumerate(shapes, start=1)
            ]
        elif shapes:
            found.append(Job(stack.path.stem, stack, union_all(shapes), folder))
    if not found:
        raise NoOverlapError(
            f"The area of interest {aoi} lies outside the imagery; choose one that overlaps it."
        )
    return found


def left_from_earlier(todo: Sequence[Job], out: Path, *, merged: bool) -> list[Path]:
    """Results of an earlier request that this one does not replace.

    They are further areas, or an inventory of all areas.

    Args:
        todo: The detections of this request.
        out: Folder of all results.
        merged: Whether this request writes an inventory of all.
    """
    folders = {job.out for job in todo}
    alone = ResultFolder(out).inventory
    areas = {
        path.parent for folder in folders for path in folder.parent.glob(f"area-*/{alone.name}")
    }
    return sorted(areas - folders) + (
        [alone] if alone.exists() and not merged and out not in folders else []
    )
