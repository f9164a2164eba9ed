"""Batches: a function of seed and step, the same crops whatever the number of processes, the
runtime's normalisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training_cases import landscape, tiny

from engine.errors import ConfigError
from engine.patches.arrays import NODATA
from engine.training.batches import BatchSource, normalised
from engine.training.pools import make_normalization, make_pool, select, statistics


def pool(**arguments):
    arrays = landscape(**arguments)
    return make_pool(arrays, make_normalization(tiny(), arrays), "site")


def source(pools, shares=(), **changes):
    options = {"batch_size": 4, "crop_px": 32, "positive_share": 0.5, "seed": 3, **changes}
    return BatchSource(pools, shares, **options)


def test_a_step_is_always_the_same_and_steps_differ():
    one, two = source([pool()]), source([pool()])
    (a,), (b,), (c,) = one.batch(5), two.batch(5), one.batch(6)
    assert torch.equal(a.images, b.images)
    assert a.ids == b.ids
    assert not torch.equal(a.images, c.images)
    ahead = list(one.batches(4, 7))
    assert torch.equal(ahead[1][0].images, a.images)


def test_several_processes_draw_together_what_one_draws_alone():
    alone = source([pool()], batch_size=6)
    ranks = [source([pool()], batch_size=6, rank=rank, world=3) for rank in range(3)]
    for step in range(4):
        together = sorted(name for rank in ranks for part in rank.batch(step) for name in part.ids)
        assert together == sorted(name for part in alone.batch(step) for name in part.ids)


def test_every_epoch_takes_every_patch_once():
    drawn = source([pool()], positive_share=0.0)
    names = [name for step in range(2) for name in drawn.batch(step)[0].ids]
    assert sorted(names) == sorted(f"p{i}" for i in range(8))


def test_positive_crops_hold_landslide():
    drawn = source([pool()], positive_share=1.0, crop_px=16)
    for step in range(10):
        assert (drawn.batch(step)[0].masks == 1).flatten(1).any(dim=1).all()


def test_further_pools_get_their_share_by_domain():
    extra = pool(seed=9)
    target = type(extra)(extra.arrays, extra.shift, extra.scale, "target")
    drawn = source([pool(), pool(seed=5), target], (0.25, 0.1), batch_size=10)
    counts = np.zeros(2)
    for step in range(40):
        parts = drawn.batch(step)
        assert sum(map(len, parts)) == 10
        counts += [sum(len(p) for p in parts if p.domain == d) for d in ("source", "target")]
    assert counts.tolist() == [360, 40]


def test_normalised_as_the_runtime_does():
    recipe = tiny()
    arrays = landscape()
    arrays.images[0, 3, :5] = NODATA
    normalization = make_normalization(recipe, arrays)
    chosen = make_pool(arrays, normalization, "dataset")
    expected = normalization.apply(
        arrays.raw(0), arrays.channels, normalization.affine(statistics(arrays))
    )
    found = normalised(
        torch.from_numpy(arrays.images[:1]),
        torch.from_numpy(chosen.shift[:1]),
        torch.from_numpy(chosen.scale[:1]),
        normalization.clip,
    )
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_domains_are_normalised_by_their_own_statistics():
    arrays = landscape()
    arrays.images[4:, :12] = (arrays.images[4:, :12] * 1.5).astype(np.int16)
    normalization = make_normalization(
        tiny(normalization={"min_pixels": 100, "std_floor": 0.01}), arrays
    )
    by_site = make_pool(arrays, normalization, "site")
    one, two = (by_site.shift[i, :12] for i in (0, 7))
    np.testing.assert_allclose(two / one, 1.5, rtol=0.05)
    whole = make_pool(arrays, normalization, "dataset")
    np.testing.assert_array_equal(whole.shift[0], whole.shift[7])
    part = select(by_site, np.array([7]))
    np.testing.assert_array_equal(part.shift[0], by_site.shift[7])


def test_crops_larger_than_patches_and_tiny_batches_are_refused():
    with pytest.raises(ConfigError, match="48 pixels wide"):
        source([pool()], crop_px=64)
    with pytest.raises(ConfigError, match="2 processes"):
        source([pool()], batch_size=1, world=2)
