"""The magnitude of a landslide event, by number and by area.

Two scales are in use. ``mL`` is the logarithm of the number of landslides (Malamud et al. 2004) and
grows with every small one that an image happens to show. ``mLS`` compares the power-law tail with
that of a reference event and so depends on the medium and large landslides alone, which hardly any
inventory misses (Tanyaş, Allstadt and van Westen 2018, Earth Surface Processes and Landforms 43,
doi:10.1002/esp.4359; constants of the reference are those of the authors' program, USGS, public
domain).
"""

from __future__ import annotations

import math

REFERENCE_COUNT = 11_111
"""Landslides of the Northridge earthquake of 1994, whose mLS is the logarithm of their number."""
REFERENCE_AREA_M2 = 4.876599623713225e4
"""Area in the middle, on a logarithmic axis, of the tail of the reference."""
REFERENCE_DENSITY = 8.364725347860417e-4
"""Landslides a square metre of area on the reference's tail there, in 1/m²."""


def event_magnitude(exponent: float, cutoff_m2: float, count: int) -> float | None:
    """Compute mLS after Tanyaş et al. (2018) from a power-law tail.

    The frequency density ``n(A) = c A^-β`` is set against the reference's with the same exponent:
    ``mLS = log10(c / c')``. ``c`` follows from the landslides of the tail, ``count = c cutoff^(1-β)
    / (β-1)``, rather than from one logarithmic bin at the cutoff.

    Args:
        exponent: β of the tail, positive.
        cutoff_m2: Area from which the power law holds.
        count: Landslides of at least this area.

    Returns:
        The magnitude; None where there is no tail.
    """
    if exponent <= 1 or cutoff_m2 <= 0 or count < 1:
        return None
    constant = math.log10(count * (exponent - 1)) + (exponent - 1) * math.log10(cutoff_m2)
    reference = math.log10(REFERENCE_DENSITY / REFERENCE_COUNT)
    return constant - reference - exponent * math.log10(REFERENCE_AREA_M2)
