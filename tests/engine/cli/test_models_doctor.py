import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.models.bundle import ONNX, ModelBundle, write_bundle
from engine.models.card import ModelCard
from engine.models.normalization import Normalization

CARD = ModelCard(
    name="tiny",
    version="1",
    title="A tiny model",
    description="For tests.",
    network={"builder": "none"},
    normalization=Normalization(("B02", "B04"), ("scene",) * 2, (1.0,) * 2, (1.0,) * 2),
    required=("B02",),
    threshold=0.5,
    limits=("Knows nothing.",),
    scores=({"what": "F1", "value": 0.5},),
)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelBundle:
    monkeypatch.setenv("L4S_MODELS", str(tmp_path / "models"))
    return write_bundle(
        tmp_path / "models" / "tiny", CARD, {"w": np.ones(2, np.float32)}, b"\x08\x08"
    )


def events(capsysbinary: pytest.CaptureFixture[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]


def test_list_show_verify(tiny: ModelBundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    assert "A tiny model" in capsys.readouterr().out
    assert main(["models", "show", "tiny"]) == 0
    shown = capsys.readouterr().out
    assert "may miss    B04" in shown
    assert "Knows nothing." in shown
    assert main(["models", "verify", str(tiny.path)]) == 0
    assert "all digests agree" in capsys.readouterr().out


def test_show_for_a_program_is_the_card(
    tiny: ModelBundle, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["models", "show", "tiny", "--events", "json"]) == 0
    result = events(capsysbinary)[-1]
    assert result["card"]["name"] == "tiny"
    assert result["digest"] == tiny.digest


def test_verify_tells_a_damaged_bundle(
    tiny: ModelBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    (tiny.path / ONNX).write_bytes(b"other")
    assert main(["models", "verify", "tiny"]) == 2
    assert "SHA-256" in capsys.readouterr().err


def test_verify_tells_a_changed_threshold_and_seal_accepts_it(
    tiny: ModelBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (tiny.path / "card.json").read_text()
    (tiny.path / "card.json").write_text(text.replace('"threshold": 0.5', '"threshold": 0.05'))
    assert main(["models", "verify", "tiny"]) == 2
    assert "was changed" in capsys.readouterr().err
    assert main(["models", "seal", str(tiny.path)]) == 0
    assert main(["models", "verify", "tiny"]) == 0
    assert tiny.digest not in capsys.readouterr().out


def test_export_copies_and_never_overwrites(
    tiny: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["models", "export", "tiny", "--out", str(tmp_path / "copy")]
    assert main(words) == 0
    assert ModelBundle.open(tmp_path / "copy" / "tiny").digest == tiny.digest
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err


def test_doctor_is_content_here(
    tiny: ModelBundle, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["doctor", "--events", "json"]) == 0
    result = events(capsysbinary)[-1]
    assert result["problems"] == []
    assert result["models"]["tiny"] == "ok"
    assert result["disk_free_gib"] > 0


def test_doctor_names_a_damaged_model(
    tiny: ModelBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    (tiny.path / ONNX).write_bytes(b"other")
    assert main(["doctor"]) == 2
    assert "model tiny" in capsys.readouterr().err
