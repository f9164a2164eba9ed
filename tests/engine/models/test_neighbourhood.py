"""The bundled model's network, and what is added to its logits where a channel is not there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.errors import ConfigError
from engine.models.networks import Segmenter, build

NETWORK = {"builder": "neighbourhood", "width": 8, "neighbourhoods": [3, 7]}


def lively() -> Segmenter:
    torch.manual_seed(0)
    model = build(NETWORK, 5).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def test_a_pixel_is_judged_by_its_neighbourhood_alone() -> None:
    model, image = lively(), torch.rand(1, 5, 40, 30)
    other = image.clone()
    other[0, :, 20, 15] += 5
    with torch.inference_mode():
        changed = (model(other) - model(image)).abs()[0, 0] > 1e-6
    rows, columns = changed.nonzero().T
    assert changed[20, 15]
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (17, 23, 12, 18)


def test_means_at_the_edge_are_of_what_is_there() -> None:
    model = lively()
    with torch.inference_mode():
        logits = model(torch.full((1, 5, 20, 20), 0.7))
    torch.testing.assert_close(logits, logits[:, :, :1, :1].expand_as(logits))


def test_a_new_network_says_that_landslides_are_rare() -> None:
    with torch.inference_mode():
        assert torch.sigmoid(build(NETWORK, 5)(torch.rand(1, 5, 9, 9))).max() < 0.1


@pytest.mark.parametrize("sides", [[2], [3, 8], [1]])
def test_even_and_tiny_neighbourhoods_are_refused(sides: list[int]) -> None:
    with pytest.raises(ConfigError, match="odd sides"):
        build({**NETWORK, "neighbourhoods": sides}, 5)


def test_an_image_level_logit_is_refused() -> None:
    with pytest.raises(ConfigError, match="image-level"):
        build({**NETWORK, "image_level": True}, 5)


def test_only_missing_channels_shift_the_logits_of_their_image() -> None:
    plain = lively()
    shifted = build({**NETWORK, "missing_shift": [[1, 0.5], [3, 2.0]], "temperature": 2.0}, 5).eval()
    shifted.load_state_dict(plain.state_dict())
    image = torch.rand(4, 5, 12, 12)
    image[1, 1] = 0
    image[2, [1, 3]] = 0
    image[3, 0] = 0
    with torch.inference_mode():
        added = 2 * shifted(image) - plain(image)
    for row, expected in zip(added, (0.0, 0.5, 2.5, 0.0), strict=True):
        torch.testing.assert_close(row, torch.full_like(row, expected))
