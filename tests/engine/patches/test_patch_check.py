"""Looking a dataset over, and the ``l4s data`` command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.bands import CHANNELS
from engine.cli import main
from engine.patches.check import check_dataset, picture_sheet
from engine.patches.landslide4sense import find_patches, write_image, write_mask

SHARED = Path(os.environ.get("L4S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))


@pytest.fixture
def dataset(tmp_path):
    random = np.random.default_rng(0)
    root = tmp_path / "data"
    for kind in ("img", "mask"):
        (root / kind).mkdir(parents=True)
    for number in (1, 2, 3040, 5):
        raw = (
            np.stack([c.divisor * (c.mean + 0.5 * c.std * random.standard_normal((128, 128))) for c in CHANNELS])
            .clip(0)
            .round()
        )
        if number == 2:
            raw[12], raw[13] = 0, 500
        mask = np.zeros((128, 128), np.uint8)
        mask[:10, :10] = number != 2
        write_image(root / "img" / f"image_{number}.h5", raw)
        write_mask(root / "mask" / f"mask_{number}.h5", mask)
    write_image(root / "mask" / "image_9.h5", raw)
    (root / "img" / "image_5.h5").write_bytes(b"broken")
    return root


def test_the_report_names_what_is_odd(dataset):
    found = check_dataset(find_patches(dataset))
    assert (found.patches, found.labelled, found.positive) == (4, 3, 2)
    assert found.landslide_share == pytest.approx(200 / (3 * 128 * 128))
    assert found.degenerate == (2,)
    assert found.stray == ("image_9.h5",)
    assert [number for number, _ in found.problems] == [5]
    assert set(found.sites) == {"taiwan", "site-2"}
    assert found.sites["site-2"]["mean"][3] == pytest.approx(0.9596, abs=0.02)
    assert found.deviation < 1


def test_check_command_writes_a_sheet(dataset, tmp_path, capfd):
    assert main(["data", "check", str(dataset), "--sheet", str(tmp_path / "sheet.png")]) == 0
    assert "1 degenerate (constant elevation or no slope): 2" in capfd.readouterr().out
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"


def test_data_of_another_scale_is_told(tmp_path):
    (tmp_path / "img").mkdir()
    write_image(tmp_path / "img" / "image_1.h5", np.full((14, 128, 128), 12000.0))
    found = check_dataset(find_patches(tmp_path))
    assert found.deviation > 3
    assert any("constants do not fit" in line for line in found.lines())


def test_pack_command(dataset, tmp_path, capfd):
    (dataset / "img" / "image_5.h5").unlink()
    assert main(["data", "pack", str(dataset), "--out", str(tmp_path / "packed")]) == 0
    assert "3 patches packed" in capfd.readouterr().out
    assert json.loads((tmp_path / "packed" / "index.json").read_text())["ids"] == ["1", "2", "3040"]


def test_bad_folders_are_one_sentence(tmp_path, capfd):
    assert main(["data", "check", str(tmp_path)]) == 2
    error = capfd.readouterr().err
    assert "holds no Landslide4Sense patches" in error
    assert "Traceback" not in error


@pytest.mark.skipif(not (SHARED / "landslide4sense").is_dir(), reason="the real patches are not on this machine")
def test_the_real_patches_pass(tmp_path):
    folder = find_patches(SHARED / "landslide4sense")
    found = check_dataset(folder)
    assert not found.problems
    assert not found.degenerate
    assert found.positive == 12
    picture_sheet(folder, tmp_path / "sheet.png")
