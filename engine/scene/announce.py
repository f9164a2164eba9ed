"""Telling how imagery is read, before it is."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events import Reporter
from engine.scene.imagery import Imagery
from engine.scene.readers.offsets import check_offset

_COARSE_M = 25.0
_WHOLE = 0.98
"""Bands of 60 m may lack a pixel at the edges of a cutout."""


def announce(products: Sequence[Imagery], reporter: Reporter) -> None:
    """Report how products are read, and warn of doubtful offsets."""
    for product in products:
        for note in product.notes:
            reporter.log(f"{product.name}: {note}.")
        if product.left_out:
            reporter.log(f"{product.name}: left out {', '.join(product.left_out)}.")
        fills = sorted({source.nodata or 0.0 for source in product.bands if source.nodata_found})
        if fills:
            reporter.warn(
                f"{product.name}: its files declare no nodata value, but hold"
                f" {', '.join(f'{fill:g}' for fill in fills)}, which is taken for no data.",
                "scene-undeclared-nodata",
            )
        resolution = product.reference.grid.resolution_m()
        if resolution > _COARSE_M:
            reporter.warn(
                f"{product.name}: its sharpest band has pixels of {resolution:.0f} m, but models"
                " are trained on 10 m: most landslides are too small to be seen; give the bands of"
                " 10 m.",
                "scene-coarse",
            )
        reference = product.reference
        for source in product.bands:
            share = reference.grid.shared(source.grid)
            if share < _WHOLE:
                reporter.warn(
                    f"{product.name}: {source.channel} covers {100 * share:.0f} % of what"
                    f" {reference.channel} covers; the rest has no {source.channel}: give bands of"
                    " one extent.",
                    "scene-band-extent",
                )
        check_offset(product, reporter)
