"""Statistics of an inventory: sizes, magnitude, density, total volume.

Frequency-area distributions are fitted by maximum likelihood on the areas themselves, never on
logarithmic bins (which biases the exponent). The three-parameter inverse gamma is that of Malamud
et al. (2004), here truncated at the minimum mapping unit, below which nothing is in the inventory;
the power-law tail and its lower limit follow Clauset et al. (2009).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize
from scipy.special import gammainc, gammaln
from shapely import centroid

from engine.grid import Bounds
from engine.ground import metres_per_unit
from engine.inventory.inventory import Inventory
from engine.inventory.volume import OTHERS, RELATION
from engine.report.magnitude import event_magnitude

Floats = NDArray[np.float64]

RELIABLE_COUNT = 100
"""Landslides under which a fit says little; 2-sigma errors of the exponent then exceed about
0.3."""
FEWEST = 10
UNDETERMINED = 100.0
"""Factor between an estimate and an end of its interval from which the estimate says nothing."""
_TAIL_CANDIDATES = 200
_TAIL_FEWEST = 10
DENSITY_CELLS = 48
DENSITY_BLUR = 2.0


@dataclass(frozen=True)
class Parameter:
    """An estimate with its 95 % confidence interval.

    The interval comes from the curvature of the likelihood.
    """

    value: float
    low: float
    high: float

    def determined(self, scale: float = 0.0) -> bool:
        """Whether the data say anything of it.

        They do where the interval's ends are within :data:`UNDETERMINED` times the estimate.

        Args:
            scale: What counts as no difference, for a parameter that may be 0.
        """
        value = abs(self.value)
        nearest = self.low if self.low > 0 else value
        farthest = max(abs(self.low), abs(self.high))
        return farthest <= UNDETERMINED * (value + scale) and value <= UNDETERMINED * (
            nearest + scale
        )


@dataclass(frozen=True)
class InverseGamma:
    """Malamud's three-parameter inverse gamma, truncated from below.

    p(A) = 1 / (a Γ(ρ)) · (a / (A - s))^(ρ+1) · exp(-a / (A - s)), A in km², for A above the
    truncation.

    Attributes:
        rho: Controls the tail, whose exponent is -(rho + 1); 1.40 in Malamud et al. (2004).
        a_km2: Location of the rollover; 1.28e-3 there.
        s_km2: Exponential decay at small areas; -1.32e-4 there.
        truncation_km2: Smallest area that the inventory can hold.
        count: Landslides fitted.
    """

    rho: Parameter
    a_km2: Parameter
    s_km2: Parameter
    truncation_km2: float
    count: int

    def density(self, area_km2: Floats) -> Floats:
        """Probability density at areas above the truncation, in 1/km²."""
        theta = np.array([self.rho.value, self.a_km2.value, self.s_km2.value])
        return np.asarray(np.exp(_log_density(theta, area_km2, self.truncation_km2)), np.float64)


@dataclass(frozen=True)
class PowerLaw:
    """p(A) ~ A^-exponent above ``cutoff_km2``.

    Attributes:
        exponent: Positive; about 2.4 in complete event inventories.
        cutoff_km2: Area from which the power law holds, chosen by the smallest Kolmogorov-Smirnov
            distance.
        distance: That distance.
        count: Landslides above the cutoff.
    """

    exponent: Parameter
    cutoff_km2: float
    distance: float
    count: int


@dataclass(frozen=True)
class Summary:
    """Everything that the report says in numbers.

    Attributes:
        count: Landslides that nobody rejected.
        area_km2: Their total area.
        share: Of the analysed ground.
        mean_m2: Mean area.
        median_m2: Median area.
        largest_m2: Largest area.
        magnitude: log10 of their number (Malamud et al. 2004), None without landslides.
        event_magnitude: mLS of their tail (:mod:`engine.report.magnitude`), None without a tail.
        volume_m3: Total by :data:`engine.inventory.volume.RELATION`.
        volume_low_m3: Smallest total of all relations.
        volume_high_m3: Largest total.
        inverse_gamma: Fit of all areas, None where it is not possible.
        power_law: Fit of the tail, None where it is not possible.
        warning: Why fits are missing or to be distrusted, or empty.
    """

    count: int
    area_km2: float
    share: float | None
    mean_m2: float
    median_m2: float
    largest_m2: float
    magnitude: float | None
    event_magnitude: float | None
    volume_m3: float
    volume_low_m3: float
    volume_high_m3: float
    inverse_gamma: InverseGamma | None
    power_law: PowerLaw | None
    warning: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def summarise(inventory: Inventory) -> Summary:
    """Compute the statistics of the landslides that nobody rejected."""
    area = inventory.confirmed["area_m2"].to_numpy(np.float64)
    area = area[np.isfinite(area) & (area > 0)]
    volumes = [float(relation.volume_m3(area).sum()) for relation in (RELATION, *OTHERS)]
    ground = inventory.run.get("area_km2")
    total = float(area.sum()) / 1e6
    fewest = smallest_area_m2(inventory, area)
    law = fit_power_law(area / 1e6)
    return Summary(
        count=len(area),
        area_km2=total,
        share=total / float(ground) if isinstance(ground, (int, float)) and ground > 0 else None,
        mean_m2=float(area.mean()) if len(area) else 0.0,
        median_m2=float(np.median(area)) if len(area) else 0.0,
        largest_m2=float(area.max()) if len(area) else 0.0,
        magnitude=math.log10(len(area)) if len(area) else None,
        event_magnitude=(
            event_magnitude(law.exponent.value, law.cutoff_km2 * 1e6, law.count) if law else None
        ),
        volume_m3=volumes[0],
        volume_low_m3=min(volumes),
        volume_high_m3=max(volumes),
        inverse_gamma=fit_inverse_gamma(area / 1e6, fewest / 1e6),
        power_law=law,
        warning=_warning(len(area)),
    )


def smallest_area_m2(inventory: Inventory, area_m2: Floats) -> float:
    """The smallest area that the inventory can hold, in m².

    It is the minimum mapping unit, or else the smallest landslide.
    """
    polygons = (inventory.run.get("parameters") or {}).get("polygons") or {}
    unit = polygons.get("min_area_m2")
    smallest = float(area_m2.min()) if len(area_m2) else 0.0
    return min(float(unit), smallest) if isinstance(unit, (int, float)) and unit > 0 else smallest


def _warning(count: int) -> str:
    if count < FEWEST:
        return f"{count} landslides are too few for a frequency-area distribution; none was fitted."
    if count < RELIABLE_COUNT:
        return (
            f"With {count} landslides (fewer than {RELIABLE_COUNT}) the fit is unreliable; do not"
            " interpret its exponent."
        )
    return ""


def fit_inverse_gamma(area_km2: Floats, truncation_km2: float) -> InverseGamma | None:
    """Fit Malamud's inverse gamma, truncated below, by maximum likelihood.

    Args:
        area_km2: Areas, shape (n,).
        truncation_km2: Smallest area that could have been mapped.

    Returns:
        The fit; None with fewer than :data:`FEWEST` areas or where areas do not vary.
    """
    if len(area_km2) < FEWEST or np.ptp(area_km2) <= 0:
        return None
    floor = truncation_km2 * (1 - 1e-9)

    # Searching (ln rho, ln a, ln(floor - s)) keeps every parameter where the density exists.
    def cost(free: Floats) -> float:
        value = -float(_log_density(_natural(free, floor), area_km2, floor).sum())
        # With the shift at infinity the curve becomes a gamma's; a weak prior on its scale keeps
        # small samples finite.
        return (
            value + 0.5 * float(((free[2] - math.log(max(floor, 1e-12))) / 3) ** 2)
            if np.isfinite(value)
            else 1e300
        )

    start = np.array(
        [math.log(1.4), math.log(max(np.median(area_km2), 2 * floor)), math.log(max(floor, 1e-12))]
    )
    best = minimize(
        cost, start, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-5, "fatol": 1e-6}
    )
    spread = _standard_errors(cost, np.asarray(best.x))
    low, high = _natural(best.x - 1.96 * spread, floor), _natural(best.x + 1.96 * spread, floor)
    middle = _natural(best.x, floor)
    rho, a, s = (
        Parameter(*(float(v) for v in sorted_around(m, p, q)))
        for m, p, q in zip(middle, low, high, strict=True)
    )
    return InverseGamma(rho, a, s, truncation_km2, len(area_km2))


def sorted_around(value: float, one: float, other: float) -> tuple[float, float, float]:
    """(value, smaller, larger): transforming the shift turns its interval."""
    return value, min(one, other), max(one, other)


def _natural(free: Floats, floor: float) -> Floats:
    rho, a, gap = np.exp(np.clip(free, -60, 60))
    return np.array([rho, a, floor - gap])


def _log_density(theta: Floats, area: Floats, floor: float) -> Floats:
    rho, a, s = theta
    x = area - s
    survival = gammainc(rho, a / (floor - s))
    log = rho * math.log(a) - gammaln(rho) - (rho + 1) * np.log(x) - a / x
    return np.asarray(log - math.log(max(survival, 1e-300)), np.float64)


def _standard_errors(cost: Any, at: Floats) -> Floats:
    """Standard errors from the numerical second derivatives of the cost."""
    size, step = len(at), 1e-3
    hessian = np.empty((size, size))
    unit = np.eye(size) * step
    for i in range(size):
        for j in range(size):
            corners = [
                cost(at + p * unit[i] + q * unit[j]) * p * q for p in (1, -1) for q in (1, -1)
            ]
            hessian[i, j] = sum(corners) / (4 * step**2)
    variance = np.diag(np.linalg.pinv(hessian))
    return np.asarray(np.sqrt(np.where(variance > 0, variance, np.inf).clip(max=100.0)), np.float64)


def fit_power_law(area_km2: Floats) -> PowerLaw | None:
    """Fit a power-law tail by maximum likelihood.

    Its cutoff has the smallest Kolmogorov-Smirnov distance.

    Args:
        area_km2: Areas, shape (n,).

    Returns:
        The fit; None with fewer than :data:`FEWEST` areas or where areas do not vary.
    """
    if len(area_km2) < FEWEST or np.ptp(area_km2) <= 0:
        return None
    ordered = np.sort(area_km2)
    usable = ordered[: len(ordered) - _TAIL_FEWEST + 1]
    cutoffs = np.unique(np.quantile(usable, np.linspace(0, 1, _TAIL_CANDIDATES), method="lower"))
    fits = [_tail(ordered[np.searchsorted(ordered, cutoff) :]) for cutoff in cutoffs]
    possible = [fit for fit in fits if fit is not None]
    return min(possible, key=lambda fit: fit.distance) if possible else None


def _tail(tail: Floats) -> PowerLaw | None:
    logs = np.log(tail / tail[0])
    if logs.sum() <= 0:
        return None
    count = len(tail)
    exponent = 1 + count / float(logs.sum())
    model = 1 - np.exp(-logs * (exponent - 1))
    rank = np.arange(count)
    distance = float(
        np.maximum(np.abs(model - rank / count), np.abs(model - (rank + 1) / count)).max()
    )
    error = 1.96 * (exponent - 1) / math.sqrt(count)
    return PowerLaw(
        Parameter(exponent, exponent - error, exponent + error), float(tail[0]), distance, count
    )


def log_bins(area_km2: Floats, count: int = 20) -> tuple[Floats, Floats]:
    """Frequency density in logarithmic bins, for drawing only.

    Returns:
        Geometric centres in km² and densities in 1/km² of the filled bins.
    """
    if not len(area_km2):
        return np.zeros(0), np.zeros(0)
    edges = np.geomspace(area_km2.min() * 0.999, area_km2.max() * 1.001, count + 1)
    number, _ = np.histogram(area_km2, edges)
    centre = np.sqrt(edges[1:] * edges[:-1])
    density = number / np.diff(edges) / len(area_km2)
    return centre[number > 0], density[number > 0]


def density_per_km2(inventory: Inventory, bounds: Bounds) -> tuple[Floats, float]:
    """Landslides per km² on a coarse lattice, smoothed.

    The Gaussian is :data:`DENSITY_BLUR` cells wide.

    Args:
        inventory: Landslides; rejected ones do not count.
        bounds: What the lattice covers, in the inventory's CRS.

    Returns:
        Array of shape (rows, columns), north up, and the cell size in km.
    """
    middle = np.array([(bounds[0] + bounds[2]) / 2]), np.array([(bounds[1] + bounds[3]) / 2])
    east, north = (float(v[0]) for v in metres_per_unit(inventory.crs, *middle))
    width, height = (bounds[2] - bounds[0]) * east / 1000, (bounds[3] - bounds[1]) * north / 1000
    cell = max(width, height) / DENSITY_CELLS
    shape = max(1, round(height / cell)), max(1, round(width / cell))
    points = centroid(np.asarray(inventory.confirmed.geometry))
    xy = np.array([(p.x, p.y) for p in points]).reshape(-1, 2)
    ranges = ((bounds[1], bounds[3]), (bounds[0], bounds[2]))
    number, _, _ = np.histogram2d(xy[:, 1], xy[:, 0], bins=shape, range=ranges)
    weight = gaussian_filter(np.ones(shape), DENSITY_BLUR, mode="constant")
    area = (width / shape[1]) * (height / shape[0])
    return (
        np.asarray(
            gaussian_filter(number[::-1], DENSITY_BLUR, mode="constant") / weight / area, np.float64
        ),
        cell,
    )
