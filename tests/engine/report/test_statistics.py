"""Fits recover what samples were drawn from; small samples are warned of."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.volume import OTHERS, RELATION, estimate_volume
from engine.report.statistics import (
    density_per_km2,
    fit_inverse_gamma,
    fit_power_law,
    log_bins,
    summarise,
)

MALAMUD = (1.40, 1.28e-3, -1.32e-4)


def malamud_sample(count: int, truncation: float, seed: int = 0) -> np.ndarray:
    rho, a, s = MALAMUD
    areas = s + a / np.random.default_rng(seed).gamma(rho, size=count * 4)
    return areas[areas > truncation][:count]


@pytest.mark.parametrize("truncation", [1e-4, 9e-4])
def test_inverse_gamma_is_recovered_in_spite_of_truncation(truncation: float) -> None:
    fit = fit_inverse_gamma(malamud_sample(20_000, truncation), truncation)
    assert fit is not None
    for parameter, true in zip((fit.rho, fit.a_km2, fit.s_km2), MALAMUD, strict=True):
        assert (
            abs(parameter.value - true) < 1.7 * (parameter.high - parameter.low) / 2
        )  # 3.3 standard errors
    assert fit.rho.value == pytest.approx(1.4, abs=0.1)


def test_inverse_gamma_density_integrates_to_one() -> None:
    fit = fit_inverse_gamma(malamud_sample(2000, 4e-4), 4e-4)
    assert fit is not None
    x = np.geomspace(4e-4, 1e4, 200_000)
    assert trapezoid(fit.density(x), x) == pytest.approx(1, abs=1e-3)


def test_confidence_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    fits = [fit_inverse_gamma(malamud_sample(400, 4e-4, seed), 4e-4) for seed in range(40)]
    covered = sum(fit.rho.low <= 1.4 <= fit.rho.high for fit in fits if fit)
    assert covered >= 34


def test_power_law_exponent_and_cutoff_are_recovered() -> None:
    rng = np.random.default_rng(2)
    tail = 4e-3 * (1 - rng.random(4000)) ** (-1 / 1.4)
    body = rng.uniform(4e-4, 4e-3, 4000)
    fit = fit_power_law(np.concatenate([tail, body]))
    assert fit is not None
    assert fit.exponent.low <= 2.4 <= fit.exponent.high
    assert 3e-3 < fit.cutoff_km2 < 7e-3


def test_few_or_equal_areas_give_no_fit() -> None:
    assert fit_inverse_gamma(np.full(50, 1e-3), 4e-4) is None
    assert fit_power_law(np.full(50, 1e-3)) is None
    assert fit_inverse_gamma(malamud_sample(9, 4e-4), 4e-4) is None
    centre, density = log_bins(np.zeros(0))
    assert len(centre) == len(density) == 0


def inventory_of(areas_m2: np.ndarray, inventory: Inventory) -> Inventory:
    shapes = np.repeat(np.asarray(inventory.landslides.geometry)[:1], len(areas_m2))
    table = as_landslides(shapes, inventory.crs, {"area_m2": areas_m2})
    return Inventory(table, inventory.aoi, inventory.run)


def test_summary_and_its_warnings(inventory: Inventory) -> None:
    few = summarise(inventory)
    assert (few.count, few.area_km2, few.largest_m2, few.median_m2) == (3, 6300 / 1e6, 3600, 2300)
    assert few.magnitude == pytest.approx(np.log10(3))
    assert few.share == pytest.approx(6300 / 197_000)
    assert "too few" in few.warning
    assert few.inverse_gamma is None
    some = summarise(inventory_of(malamud_sample(60, 4e-4) * 1e6, inventory))
    assert "unreliable" in some.warning
    assert some.inverse_gamma is not None
    many = summarise(inventory_of(malamud_sample(300, 4e-4) * 1e6, inventory))
    assert many.warning == ""
    none = summarise(inventory_of(np.zeros(0), inventory))
    assert (none.count, none.magnitude) == (0, None)


def test_rejected_landslides_do_not_count(inventory: Inventory) -> None:
    table = inventory.landslides.copy()
    table.loc[0, "status"] = "rejected"
    assert summarise(inventory.with_landslides(table)).count == 2


def test_volumes_grow_faster_than_areas_and_lie_between_their_bounds() -> None:
    area = np.array([400.0, 1e4, 1e6])
    best, low, high = estimate_volume(area)
    assert (np.diff(np.log(best)) > np.diff(np.log(area))).all()
    assert ((low <= best) & (best <= high)).all()
    assert best[1] == pytest.approx(10**-0.836 * 1e4**1.332)
    assert len({relation.name for relation in (RELATION, *OTHERS)}) == 4


def test_density_adds_up_to_the_number_of_landslides(inventory: Inventory) -> None:
    left, bottom, right, top = inventory.aoi.bounds
    inner = inventory.with_landslides(inventory.landslides.iloc[1:2])
    density, cell_km = density_per_km2(inner, (left, bottom, right, top))
    cell_area = (right - left) / density.shape[1] * (top - bottom) / density.shape[0] / 1e6
    assert density.sum() * cell_area == pytest.approx(1, rel=0.02)
    assert cell_km == pytest.approx(0.5 / 48)
    row, column = np.unravel_index(np.argmax(density), density.shape)
    assert 17 / 40 < row / density.shape[0] < 20 / 40  # rows 15 to 20 of 40, counted from the north
    assert 10 / 50 < column / density.shape[1] < 14 / 50
