"""From several detections to one inventory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from engine.events import SILENT, Reporter
from engine.inventory.scenes import combine
from engine.nouns import Stack
from engine.pipeline.detection import Detection
from engine.pipeline.results import Results, write_results
from engine.raster import output_folder


def merge(detections: Sequence[Detection], out: Path, *, report: Reporter = SILENT) -> Results:
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
    return write_results(combined, output_folder(out), clock, stack=stack, report=report)
