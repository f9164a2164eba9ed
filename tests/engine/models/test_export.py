"""Export: both forms of a bundle agree at any allowed size, and what cannot be exported faithfully
is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from engine.errors import BundleError
from engine.models import export
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.models.card import ModelCard
from engine.models.networks import Segmenter, build
from engine.models.normalization import Normalization
from engine.models.pruning import drop_unused_stages

CHANNELS = ("B02", "B03", "B04", "slope", "DEM")
NETWORK = {
    "builder": "unet",
    "encoder": "tf_efficientnet_lite0",
    "encoder_depth": 3,
    "decoder_channels": [8, 8, 8],
    "temperature": 1.7,
    "missing_shift": [[2, 0.8]],
}
CARD = ModelCard(
    name="tiny",
    version="1",
    title="A tiny model",
    description="For tests.",
    network=NETWORK,
    normalization=Normalization(CHANNELS, ("scene",) * 5, (1.0,) * 5, (1.0,) * 5),
    required=("B02",),
    threshold=0.5,
    multiple_of_px=8,
)


@pytest.fixture(scope="module")
def model() -> Segmenter:
    torch.manual_seed(0)
    network = build(NETWORK, len(CHANNELS))
    for module in network.modules():  # as after training: no layer is the identity
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


def test_weights_and_onnx_give_the_same_at_sizes_never_seen(
    model: Segmenter, tmp_path: Path
) -> None:
    bundle = export.export_bundle(model, CARD, tmp_path / "tiny")
    session = ort.InferenceSession(bundle.path / "model.onnx", providers=["CPUExecutionProvider"])
    from safetensors.torch import load_file

    again = build(bundle.card.network, len(CHANNELS)).eval()
    again.load_state_dict(load_file(bundle.path / "weights.safetensors"), strict=True)
    for shape in ((1, 5, 8, 8), (2, 5, 40, 24), (1, 5, 128, 136)):
        image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        (theirs,) = session.run(["probability"], {"image": image})
        with torch.inference_mode():
            ours = torch.sigmoid(again(torch.from_numpy(image))[:, 0]).numpy()
        assert theirs.shape == (shape[0], *shape[2:])
        np.testing.assert_allclose(theirs, ours, atol=export.TOLERANCE)
    assert bundle.card.network["temperature"] == 1.7


def test_the_model_is_left_as_it_was(model: Segmenter, tmp_path: Path) -> None:
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export.export_bundle(model, CARD, tmp_path / "tiny")
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.eval()


def test_a_diverged_network_is_refused(model: Segmenter, tmp_path: Path) -> None:
    broken = build(NETWORK, len(CHANNELS))
    next(broken.parameters()).data[0] = float("nan")
    with pytest.raises(BundleError, match="diverged"):
        export.export_bundle(broken, CARD, tmp_path / "tiny")
    assert not (tmp_path / "tiny").exists()


def optimised(graph: bytes, path: Path) -> list[tuple[str, str]]:
    """Domain and type of the nodes that ONNX Runtime makes of a graph on this processor."""
    import onnx

    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path)
    ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return [(node.domain, node.op_type) for node in onnx.load(path).graph.node]


def test_the_decoder_is_computed_in_onnx_runtimes_blocked_layout(tmp_path: Path) -> None:
    network = {**NETWORK, "decoder_channels": [32, 32, 16]}
    nodes = optimised(
        export.to_onnx(build(network, len(CHANNELS)).eval(), len(CHANNELS), 8), tmp_path / "o.onnx"
    )
    if not any(domain == "com.microsoft.nchwc" for domain, _ in nodes):
        pytest.skip("ONNX Runtime has no blocked layout on this processor")
    assert nodes.count(("com.microsoft.nchwc", "Upsample")) == 3
    assert not [
        kind for _, kind in nodes if kind in ("Resize", "Pad", "Clip", "BatchNormalization")
    ]


def test_the_bundled_model_enters_and_leaves_the_blocked_layout_once(tmp_path: Path) -> None:
    bundle = find_model(DEFAULT_MODEL)
    assert bundle.onnx_path is not None
    nodes = optimised(bundle.onnx_path.read_bytes(), tmp_path / "o.onnx")
    if not any(domain == "com.microsoft.nchwc" for domain, _ in nodes):
        pytest.skip("ONNX Runtime has no blocked layout on this processor")
    assert [kind for _, kind in nodes].count("ReorderInput") == 1
    assert [kind for _, kind in nodes].count("ReorderOutput") == 1


@pytest.mark.parametrize(("attention", "bias", "padding"), [(None, True, 1), ("scse", False, 2)])
def test_what_the_graph_puts_differently_is_the_same(
    attention: str | None, bias: bool, padding: int
) -> None:
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    network = smp.Unet(
        "resnet18",
        encoder_weights=None,
        in_channels=5,
        encoder_depth=3,
        decoder_channels=[32, 16, 16],
        decoder_attention_type=attention,
    ).eval()
    network.segmentation_head[0] = nn.Conv2d(16, 1, 3, padding=padding, dilation=padding, bias=bias)
    image = torch.randn(2, 5, 48, 64)
    with torch.inference_mode():
        before = network(image)
        export.fix_doubling(network)
        export.split_last_convolutions(network)
        assert torch.allclose(before, network(image), atol=1e-5)
    assert isinstance(network.segmentation_head[0], nn.Sequential) == (padding == 1)
    assert not [m for m in network.decoder.blocks if isinstance(m, export.UnetDecoderBlock)]


class _Frozen(nn.Module):
    """Computes a number in Python, which tracing freezes at the example's value."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(5, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.encoder(image) * float(image.abs().mean() + 0.1) + float(image.mean())


def test_a_graph_that_differs_from_the_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="differ"):
        export.export_bundle(Segmenter(_Frozen()), CARD, tmp_path / "tiny")


@pytest.mark.parametrize(("depth", "removed"), [(3, 4), (4, 2), (5, 0)])
def test_stages_behind_the_last_feature_are_dropped_without_effect(
    depth: int, removed: int
) -> None:
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    network = smp.Unet(
        "tu-tf_efficientnet_lite0",
        encoder_weights=None,
        in_channels=5,
        encoder_depth=depth,
        decoder_channels=[8] * depth,
    ).eval()
    image = torch.randn(1, 5, 64, 64)
    with torch.inference_mode():
        before = network(image)
        assert drop_unused_stages(network.encoder) == removed
        assert torch.equal(before, network(image))


def test_other_encoders_are_left_alone() -> None:
    assert drop_unused_stages(nn.Conv2d(1, 1, 1)) == 0


def test_the_reach_that_a_network_declares_comes_out_in_the_card(
    model: Segmenter, tmp_path: Path
) -> None:
    network = {
        "builder": "neighbourhood",
        "width": 8,
        "neighbourhoods": [3, 9],
        "textures": [[0, [5, 7]]],
    }
    near = export.export_bundle(
        build(network, len(CHANNELS)).eval(), replace(CARD, network=network), tmp_path / "near"
    )
    assert near.card.reach_px == 4
    far = export.export_bundle(model, replace(CARD, reach_px=4), tmp_path / "far")
    assert far.card.reach_px is None, (
        "what the network does not say is not known, whatever the card said"
    )


def test_a_declared_reach_is_true() -> None:
    """A pixel further away changes nothing, one at the reach does."""
    torch.manual_seed(0)
    network = build({"builder": "neighbourhood", "width": 8, "neighbourhoods": [3, 5]}, 2).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    reach = export.reach_px(network)
    image = torch.rand(1, 2, 21, 21)
    changed = image.clone()
    changed[0, :, 10, 10] += 5
    with torch.inference_mode():
        rows = (network(changed) != network(image))[0, 0].any(dim=1).nonzero()
    assert reach == 2
    assert (rows.min(), rows.max()) == (10 - reach, 10 + reach)


def test_the_bundled_models_card_tells_its_networks_reach() -> None:
    card = find_model(DEFAULT_MODEL).card
    network = build(card.network, len(card.channels))
    assert card.reach_px == export.reach_px(network, card.input_scale) is not None
