"""What windows cost, on networks whose reach is known by construction."""

from dataclasses import replace

import numpy as np
import pytest

from engine.cli import main
from engine.errors import BundleError
from engine.inference import seams

SMALL = {"IMAGE_PX": 192, "WINDOW_PX": 128, "OVERLAPS_PX": (16, 32)}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(seams, name, value)


@pytest.mark.parametrize("reach", [0, 1, 4])
def test_the_measured_reach_is_that_of_the_kernel(make_bundle, reach):
    kernel = np.full((3, 2 * reach + 1, 2 * reach + 1), 0.5)
    found = seams.measure_seams(make_bundle(kernel, reach_px=reach))
    assert found.reach_px == reach
    seams.require_reach(make_bundle(kernel, reach_px=reach), found)


def test_a_wider_overlap_costs_less_and_where_nothing_is_shared_it_costs_nothing(make_bundle):
    wide = seams.measure_seams(make_bundle(np.full((3, 21, 21), 0.1)))
    first, second = (row["visible_share"] for row in wide.rows)
    assert first > second > 0
    point = seams.measure_seams(make_bundle(np.full((3, 1, 1), 0.5)))
    assert [row["largest"] for row in point.rows] == [0, 0]


def test_a_card_that_claims_too_little_is_refused(make_bundle, capsys):
    bundle = make_bundle(np.full((3, 9, 9), 0.5), reach_px=1)
    assert main(["models", "verify", str(bundle.path), "--seams"]) == 2
    assert "says that the model's reach is 1 pixels, but 4 were measured" in capsys.readouterr().err
    with pytest.raises(BundleError):
        seams.require_reach(bundle, seams.Seams(2, ()))
    unknown = replace(bundle, card=replace(bundle.card, reach_px=None))
    seams.require_reach(unknown, seams.Seams(2, ()))
