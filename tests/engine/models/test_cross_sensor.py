"""Cross-sensor normalisation: buffers per domain, weights shared, activations kept."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.errors import ConfigError
from engine.models.cross_sensor import SOURCE, TARGET, DomainStatistics, count_normalizations
from engine.models.networks import build


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4))


def test_domains_keep_their_own_running_statistics_and_share_weights():
    model = small().train()
    statistics = DomainStatistics(model)
    statistics.add(TARGET)
    start = model[1].running_mean.clone()
    model(torch.randn(8, 2, 8, 8) + 3)
    after_source = model[1].running_mean.clone()
    assert not torch.allclose(after_source, start)
    with statistics.using(TARGET):
        torch.testing.assert_close(model[1].running_mean, start)
        model(torch.randn(8, 2, 8, 8) - 3)
        after_target = model[1].running_mean.clone()
    torch.testing.assert_close(model[1].running_mean, after_source)
    assert not torch.allclose(after_target, after_source)
    assert statistics.domains == (SOURCE, TARGET)
    assert sum(p.numel() for p in model.parameters()) == 4 * 2 * 9 + 4 + 8


def test_target_starts_as_a_copy_and_survives_a_checkpoint():
    model = small().train()
    statistics = DomainStatistics(model)
    model(torch.randn(8, 2, 8, 8) + 1)
    statistics.add(TARGET)
    with statistics.using(TARGET):
        torch.testing.assert_close(
            model[1].running_mean, statistics.state_dict()[SOURCE]["1.running_mean"]
        )
        model(torch.randn(8, 2, 8, 8) - 5)
    state = {
        d: {k: v.clone() for k, v in values.items()}
        for d, values in statistics.state_dict().items()
    }
    other = small()
    restored = DomainStatistics(other)
    restored.load_state_dict(state)
    for domain in (SOURCE, TARGET):
        restored.use(domain)
        torch.testing.assert_close(other[1].running_mean, state[domain]["1.running_mean"])


def test_normalisations_with_built_in_activation_are_swapped_not_replaced():
    model = build(
        {"builder": "unet", "encoder": "test_efficientnet", "decoder_channels": [8, 8, 8, 8, 8]}, 3
    ).eval()
    kinds = [type(m) for m in model.modules()]
    statistics = DomainStatistics(model)
    statistics.add(TARGET)
    image = torch.randn(1, 3, 64, 64)
    before = model(image)
    statistics.use(TARGET)
    assert [type(m) for m in model.modules()] == kinds
    torch.testing.assert_close(model(image), before)
    assert count_normalizations(model) > 10


def test_unknown_domain_is_refused():
    with pytest.raises(ConfigError, match="mars"):
        DomainStatistics(small()).use("mars")
