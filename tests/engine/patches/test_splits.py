"""Splits: no patch on both sides, none touching the other side, and a warning where that is not
so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError, DatasetError
from engine.events import Log, Reporter
from engine.patches.arrays import PatchArrays
from engine.patches.landslide4sense import place_of
from engine.patches.splits import split


def arrays(ids: list[int]) -> PatchArrays:
    masks = np.zeros((len(ids), 2, 2), np.uint8)
    masks[::3] = 1
    images = np.zeros((len(ids), 1, 2, 2), np.int16)
    return PatchArrays(
        images, masks, tuple(map(str, ids)), tuple(place_of(i) for i in ids), ("B02",), "test"
    )


@given(st.lists(st.integers(1, 3034), min_size=60, max_size=200, unique=True), st.integers(2, 5))
def test_blocks_partition_the_patches_and_never_touch(ids, folds):
    data = arrays(ids)
    result = split(data, "block", folds)
    held = np.concatenate([fold.validation for fold in result])
    assert sorted(held) == list(range(len(ids)))
    for fold in result:
        for i in fold.validation:
            a = data.places[i]
            for j in fold.training:
                b = data.places[j]
                assert a.site != b.site or max(abs(a.row - b.row), abs(a.column - b.column)) > 1


def test_sites_stay_whole():
    data = arrays([1, 2, 700, 3040, 3041, 3200, 3500, 3501])
    for fold in split(data, "site", 4):
        sites = {data.places[i].site for i in fold.validation}
        assert not sites & {data.places[i].site for i in fold.training}


def test_random_warns_of_leakage():
    heard = []
    split(arrays(list(range(1, 11))), "random", 2, reporter=Reporter(heard.append))
    assert any(
        isinstance(event, Log) and event.level == "warning" and "leaks" in event.message
        for event in heard
    )


def test_too_few_blocks_or_nonsense_is_refused():
    with pytest.raises(
        DatasetError,
        match="as many blocks, but the 3 patches lie in 1; use fewer folds or label a larger area",
    ):
        split(arrays([1, 2, 3]), "block", 2)
    with pytest.raises(DatasetError, match="use fewer folds or split by block"):
        split(arrays([1, 2, 3]), "site", 2)
    with pytest.raises(ConfigError):
        split(arrays([1, 2, 3]), "block", 1)
    with pytest.raises(ConfigError):
        split(arrays([1, 2, 3]), "odd", 2)
