"""Merged perceptrons are the networks that they were made of."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.models.merged import ALIGNED, BLOCK, MergedPerceptrons, merge_perceptrons
from engine.models.networks import build

ODD = st.integers(0, 4).map(lambda half: 2 * half + 1)
OWN = st.dictionaries(st.integers(0, 4), st.lists(ODD, max_size=2, unique=True), max_size=3)
TEXTURES = st.dictionaries(
    st.integers(0, 4), st.lists(ODD.map(lambda side: side + 2), min_size=1, max_size=2, unique=True)
)
MEMBER = {
    "builder": "neighbourhood",
    "width": 8,
    "neighbourhoods": [1, 3],
    "marks": 3,
    "context": [3, 7],
}


def lively(network: dict[str, Any]) -> nn.Module:
    torch.manual_seed(0)
    made = build(network, 5).network.eval()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.4)
    return made


@settings(max_examples=25, deadline=None)
@given(
    looks=st.lists(
        st.tuples(st.lists(ODD, min_size=1, max_size=3, unique=True), OWN, TEXTURES),
        min_size=1,
        max_size=3,
    ),
    marks=st.integers(1, 9),
    context=st.lists(ODD, min_size=1, max_size=3, unique=True),
)
def test_merged_perceptrons_give_the_mean_of_their_logits(
    looks: list[Any], marks: int, context: list[int]
) -> None:
    common = {**MEMBER, "marks": marks, "context": context}
    members = [
        {
            **common,
            "neighbourhoods": around,
            "own": list(own.items()),
            "textures": list(textures.items()),
        }
        for around, own, textures in looks
    ]
    apart = lively({"builder": "mean", "members": members})
    merged = merge_perceptrons(apart)
    assert isinstance(merged, MergedPerceptrons)
    image = torch.randn(2, 5, 13, 17)
    with torch.inference_mode():
        torch.testing.assert_close(merged(image), apart(image), atol=1e-4, rtol=1e-4)
    assert merged.see.in_channels % ALIGNED == 0
    assert merged.mark.out_channels % BLOCK == 0


def test_a_single_perceptron_that_looks_twice_is_put_in_the_same_form() -> None:
    alone = lively(MEMBER)
    image = torch.randn(1, 5, 9, 9)
    with torch.inference_mode():
        torch.testing.assert_close(merge_perceptrons(alone)(image), alone(image))


@pytest.mark.parametrize(
    "network",
    [
        {**MEMBER, "context": []},
        {"builder": "mean", "members": [MEMBER, {**MEMBER, "width": 4}]},
        {"builder": "mean", "members": [MEMBER, {"builder": "baseline_unet", "width": 4}]},
        {"builder": "baseline_unet", "width": 4},
    ],
)
def test_other_networks_stay_as_they_are(network: dict[str, Any]) -> None:
    made = lively(network)
    assert merge_perceptrons(made) is made
