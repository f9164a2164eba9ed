import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import (
    BundleError,
    ChannelError,
    DigestError,
    MissingFileError,
    UnsafeWeightsError,
)
from engine.models.bundle import (
    CARD,
    ONNX,
    WEIGHTS,
    ModelBundle,
    find_model,
    installed,
    seal,
    write_bundle,
)
from engine.models.card import ModelCard
from engine.models.integrity import card_digest
from engine.models.normalization import Normalization

CHANNELS = ("B02", "B03", "B04", "B10")
CARD_OF_TEST = ModelCard(
    name="tiny",
    version="1",
    title="A tiny model",
    description="For tests.",
    network={"builder": "none"},
    normalization=Normalization(CHANNELS, ("scene",) * 4, (1.0,) * 4, (1.0,) * 4),
    required=("B02", "B04"),
    threshold=0.5,
    limits=("Knows nothing.",),
    scores=({"what": "F1", "value": 0.5},),
)


NETWORK = b"\x08\x08"  # an ONNX file that says no more than its version


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a card as someone would who knows how it is sealed."""
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps({**card, "digest": card_digest(card)}))


def make(folder: Path) -> ModelBundle:
    return write_bundle(folder, CARD_OF_TEST, {"w": np.ones((2, 3), np.float32)}, NETWORK)


def test_a_bundle_survives_writing_and_reading(tmp_path: Path) -> None:
    bundle = make(tmp_path / "tiny")
    assert bundle == ModelBundle.open(tmp_path / "tiny")
    assert replace(bundle.card, files={}) == CARD_OF_TEST
    assert bundle.onnx_path == tmp_path / "tiny" / ONNX
    assert bundle.weights_path == tmp_path / "tiny" / WEIGHTS
    assert len(bundle.digest) == 64


def test_writing_again_replaces_the_whole_bundle(tmp_path: Path) -> None:
    make(tmp_path / "tiny")
    bundle = write_bundle(tmp_path / "tiny", CARD_OF_TEST, None, NETWORK)
    assert sorted(p.name for p in (tmp_path / "tiny").iterdir()) == [CARD, ONNX]
    assert bundle.weights_path is None
    assert [p.name for p in tmp_path.iterdir()] == ["tiny"]


@pytest.mark.parametrize("name", [ONNX, WEIGHTS])
def test_one_changed_byte_is_noticed(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "tiny").path / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DigestError, match="SHA-256"):
        ModelBundle.open(tmp_path / "tiny")


def test_a_pickle_is_refused_without_opening_it(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(pickle.dumps({"w": 1}))
    with pytest.raises(UnsafeWeightsError, match="pickle"):
        ModelBundle.open(tmp_path / "model.pt")
    folder = make(tmp_path / "tiny").path
    (folder / WEIGHTS).unlink()
    (folder / "model.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnsafeWeightsError, match="pickle"):
        ModelBundle.open(folder)


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"\0" * 20, b"\x80\x04" + b"\0" * 20])
def test_a_pickle_under_the_name_of_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = make(tmp_path / "tiny").path
    (folder / WEIGHTS).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewrite(folder, lambda card: card["files"][WEIGHTS].update(sha256=digest))
    with pytest.raises(UnsafeWeightsError, match="pickle"):
        ModelBundle.open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.pop("title"), "not a model card"),
        (lambda card: card.update(colour="red"), "unknown keys: colour"),
        (lambda card: card.update(schema=99), "schema 99"),
        (lambda card: card.update(threshold=1.5), "threshold is .* not 1.5"),
        (lambda card: card.update(required=["B99"]), "unknown channels: B99"),
        (lambda card: card.update(reach_px=-1), "reach_px is .* not -1"),
        (lambda card: card.update(reach_px=2.5), "reach_px is .* not 2.5"),
        (lambda card: card.update(reach_px=True), "reach_px is .* not True"),
        (lambda card: card["files"].update({"../evil": {"sha256": "0" * 64}}), "not lie in"),
        (lambda card: card["files"].update({"/etc/passwd": {"sha256": "0" * 64}}), "not lie in"),
        (lambda card: card["files"].update({"a\\b": {"sha256": "0" * 64}}), "not lie in"),
        (lambda card: card.update(files={}), "neither"),
    ],
)
def test_a_broken_card_is_one_clear_error(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = make(tmp_path / "tiny").path
    rewrite(folder, change)
    with pytest.raises(BundleError, match=message):
        ModelBundle.open(folder)


def test_a_card_without_a_reach_is_read(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny").path
    rewrite(folder, lambda card: card.pop("reach_px"))
    assert ModelBundle.open(folder).card.reach_px is None


def test_a_changed_card_is_noticed_and_its_owner_can_accept_it(tmp_path: Path) -> None:
    old = make(tmp_path / "tiny")
    text = (old.path / CARD).read_text()
    (old.path / CARD).write_text(text.replace('"threshold": 0.5', '"threshold": 0.05'))
    with pytest.raises(DigestError, match=r"was changed.*models seal"):
        ModelBundle.open(old.path)
    new = seal(old.path)
    assert new.card.threshold == 0.05
    assert new == ModelBundle.open(old.path)
    assert new.digest != old.digest


def test_a_card_without_a_digest_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny").path
    card = json.loads((folder / CARD).read_text())
    del card["digest"]
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(DigestError, match="has no digest"):
        ModelBundle.open(folder)


def test_sealing_takes_in_changed_files_but_no_nonsense(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny").path
    (folder / ONNX).write_bytes(NETWORK + b"\x28\x01")
    assert seal(folder).card.files[ONNX].bytes == 4
    (folder / CARD).write_text((folder / CARD).read_text().replace("0.5", "1.5"))
    with pytest.raises(BundleError, match="threshold"):
        seal(folder)


def test_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="not a model bundle"):
        ModelBundle.open(tmp_path)
    folder = make(tmp_path / "tiny").path
    (folder / ONNX).unlink()
    with pytest.raises(BundleError, match="misses model"):
        ModelBundle.open(folder)
    (folder / CARD).write_text("{")
    with pytest.raises(BundleError, match="not a model card"):
        ModelBundle.open(folder)


def test_channels_are_selected_and_missing_ones_named(tmp_path: Path) -> None:
    bundle = make(tmp_path / "tiny")
    assert bundle.select(("B02", "B04", "B08")) == ("B02", "B04")
    with pytest.raises(ChannelError, match="needs B02, but the stack has only B04"):
        bundle.select(("B04",))


def test_bundles_are_found_by_name_and_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "models" / "tiny")
    monkeypatch.setenv("L4S_MODELS", str(tmp_path / "models"))
    assert find_model("tiny").card.name == "tiny"
    assert find_model(str(tmp_path / "models" / "tiny")) == find_model("tiny")
    assert "tiny" in {path.name for path in installed()}
    with pytest.raises(MissingFileError, match="no model named 'giant'"):
        find_model("giant")


def test_a_name_with_odd_characters_is_refused() -> None:
    with pytest.raises(BundleError, match="lower-case"):
        replace(CARD_OF_TEST, name="../x")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c["normalization"].update(std_floor=-1.0), "std_floor"),
        (lambda c: c["normalization"].update(clip=0.0), "clip"),
        (lambda c: c["normalization"].update(min_pixels=0), "min_pixels"),
        (lambda c: c["normalization"].update(mean=["one"]), "normalization.mean"),
        (lambda c: c["normalization"].update(mean=[float("nan")]), "NaN"),
        (lambda c: c["normalization"].update(std=[float("inf")]), "Infinity"),
        (lambda c: c["normalization"].update(std=[1e400]), "Infinity|finite"),
        (lambda c: c.update(weight=-1.0), "weight"),
        (lambda c: c.update(weight=0), "weight"),
        (lambda c: c.update(window_px=0), "window_px"),
        (lambda c: c.update(multiple_of_px=True), "multiple_of_px"),
        (lambda c: c.update(input_scale="2"), "input_scale"),
        (lambda c: c.update(threshold=None), "threshold"),
        (lambda c: c.update(name=["x"]), "name"),
        (lambda c: c.update(name="x" * 300), "up to 64"),
        (lambda c: c.update(limits="none"), "limits"),
        (lambda c: c.update(files=[]), "files"),
        (lambda c: c.update(required=[*c["required"], *c["required"], "B02"]), "once|requires"),
    ],
)
def test_every_number_of_a_card_has_a_range(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], match: str
) -> None:
    folder = make(tmp_path / "tiny").path
    card = json.loads((folder / CARD).read_text())
    change(card)
    card["digest"] = card_digest(card)
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(BundleError, match=match) as caught:
        ModelBundle.open(folder)
    assert "\n" not in str(caught.value)


def test_a_deeply_nested_card_is_one_sentence(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny").path
    (folder / CARD).write_text('{"schema": 1, "training": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(BundleError):
        ModelBundle.open(folder)
