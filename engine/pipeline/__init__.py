"""Scene to inventory in one call: the only package that knows every stage."""

from engine.pipeline.detection import DetectConfig, Detection, Threshold, detect, merge
from engine.pipeline.redrawing import redraw
from engine.pipeline.request import Job, jobs, left_from_earlier, stack_for
from engine.pipeline.results import Results

__all__ = [
    "DetectConfig",
    "Detection",
    "Job",
    "Results",
    "Threshold",
    "detect",
    "jobs",
    "left_from_earlier",
    "merge",
    "redraw",
    "stack_for",
]
