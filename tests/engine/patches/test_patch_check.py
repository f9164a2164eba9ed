"""Looking a dataset over, and the ``l4s data`` command."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from patch_files import write_image

from engine.bands import BY_NAME, CHANNELS
from engine.cli import main
from engine.patches.arrays import NODATA, PatchArrays, open_patches, pack, write_packed
from engine.patches.check import check_dataset
from engine.patches.dataset import open_dataset
from engine.patches.landslide4sense import Place, find_patches, write_mask
from engine.patches.scale import ORGANISERS_MEAN, ORGANISERS_STD, PUBLISHED_MEAN, PUBLISHED_STD
from engine.patches.sheet import picture_sheet

SHARED = Path(
    os.environ.get(
        "L4S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"
    )
)


@pytest.fixture
def dataset(tmp_path):
    random = np.random.default_rng(0)
    root = tmp_path / "data"
    for kind in ("img", "mask"):
        (root / kind).mkdir(parents=True)
    for number in (1, 2, 3040, 5):
        raw = (
            np.stack(
                [
                    c.divisor * (c.mean + 0.5 * c.std * random.standard_normal((128, 128)))
                    for c in CHANNELS
                ]
            )
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
    found = check_dataset(open_dataset(dataset))
    assert (found.patches, found.labelled, found.positive) == (4, 3, 2)
    assert found.landslide_share == pytest.approx(200 / (3 * 128 * 128))
    assert found.degenerate == ("2",)
    assert found.stray == ("image_9.h5",)
    assert [number for number, _ in found.problems] == ["5"]
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
    found = check_dataset(open_dataset(tmp_path))
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


def test_a_packed_dataset_says_the_same_as_its_files(dataset, tmp_path, capfd):
    (dataset / "img" / "image_5.h5").unlink()
    pack(find_patches(dataset), tmp_path / "packed")
    files, packed = (
        check_dataset(open_dataset(dataset)),
        check_dataset(open_dataset(tmp_path / "packed")),
    )
    assert packed.stray == ()
    assert replace(packed, stray=files.stray) == files
    (tmp_path / "packed" / "old-images.npy").write_bytes(b"")
    assert (
        main(["data", "check", str(tmp_path / "packed"), "--sheet", str(tmp_path / "sheet.png")])
        == 0
    )
    shown = capfd.readouterr().out
    assert "3 patches, 3 labelled, 2 with landslide" in shown
    assert "1 degenerate (constant elevation or no slope): 2" in shown
    assert "1 stray files: old-images.npy" in shown
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"


def test_packed_patches_of_one_s_own_with_gaps_and_without_terrain(tmp_path, capfd):
    images = np.full((4, 3, 32, 32), 500, np.int16)
    images[0, 0, :5] = NODATA  # a gap is no value
    images[1, 2] = NODATA  # a channel that is not there
    images[2] = NODATA
    masks = np.zeros((4, 32, 32), np.uint8)
    masks[0, :2] = 1
    masks[1] = 255
    masks[3, 0, 0] = 7
    places = tuple(Place("here", 0, 2 * n) for n in range(4))
    channels = ("B04", "B03", "slope")
    write_packed(
        PatchArrays(images, masks, ("a", "b", "c", "d"), places, channels, "mine"),
        tmp_path / "mine",
    )
    found = check_dataset(open_dataset(tmp_path / "mine"))
    assert (found.patches, found.labelled, found.positive) == (4, 1, 1)
    assert [name for name, _ in found.problems] == ["c", "d"]
    assert "no data" in found.problems[0][1]
    assert "holds 7" in found.problems[1][1]
    assert found.channels == channels
    assert found.sites["here"]["mean"] == [
        round(500 / BY_NAME[name].divisor, 4) for name in channels
    ]
    assert found.sites["here"]["std"] == pytest.approx([0, 0, 0], abs=1e-4)
    assert not found.degenerate  # the slope of 500 degrees is odd, but not zero
    assert (
        main(["data", "check", str(tmp_path / "mine"), "--sheet", str(tmp_path / "sheet.png")]) == 2
    )
    assert "lack B02" in capfd.readouterr().err
    (tmp_path / "mine" / "masks.npy").unlink()
    assert main(["data", "check", str(tmp_path / "mine")]) == 2
    assert "is damaged" in capfd.readouterr().err


def standardise(dataset, mean, std):
    for path in (dataset / "img").glob("image_[123]*.h5"):
        with h5py.File(path, "r+") as file:
            values = (np.asarray(file["img"]) - mean) / std
            del file["img"]
            file["img"] = values.astype(np.float32)


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [
        (
            ORGANISERS_MEAN,
            ORGANISERS_STD,
            "by the constants of the organisers' code (mean -0.4914 … 0.7819)",
        ),
        (PUBLISHED_MEAN, PUBLISHED_STD, "by the statistics published for these files"),
    ],
)
def test_standardised_files_are_told_and_by_which_constants(dataset, capfd, mean, std, told):
    standardise(dataset, mean, std)
    assert main(["data", "check", str(dataset)]) == 0
    shown = capfd.readouterr().out
    assert "4 unusable patches" in shown
    assert shown.count(f"they were standardised {told}") == 3
    assert "z-scored release" not in shown


def test_the_release_of_the_organisers_constants_is_told(dataset, capfd):
    random = np.random.default_rng(0)
    for path in (dataset / "img").glob("image_[123]*.h5"):
        with h5py.File(path, "r+") as file:
            del file["img"]
            file["img"] = ORGANISERS_MEAN + ORGANISERS_STD * random.standard_normal((128, 128, 14))
    assert main(["data", "check", str(dataset)]) == 0
    shown = capfd.readouterr().out
    assert (
        "have the means of the z-scored release that the constants of the organisers' code" in shown
    )
    assert check_dataset(open_dataset(dataset)).organisers_release


def test_good_files_are_said_to_be_far_from_the_organisers_constants(dataset, capfd):
    assert main(["data", "check", str(dataset)]) == 0
    shown = capfd.readouterr().out
    assert (
        "the constants of the organisers' code (mean -0.4914 … 0.7819) do not belong to these files"
        in shown
    )
    found = check_dataset(open_dataset(dataset))
    assert found.organisers_deviation == pytest.approx(((0.9257 + 0.4914) / 0.9325), abs=0.1)
    assert not found.organisers_release


@pytest.mark.skipif(
    not (SHARED / "landslide4sense").is_dir(), reason="the real patches are not on this machine"
)
def test_the_real_patches_pass(tmp_path):
    dataset = open_dataset(SHARED / "landslide4sense")
    found = check_dataset(dataset)
    assert not found.problems
    assert not found.degenerate
    assert found.positive == 12
    picture_sheet(dataset, tmp_path / "sheet.png")


@pytest.mark.skipif(
    not (SHARED / "landslide4sense").is_dir(), reason="the real patches are not on this machine"
)
def test_real_patches_pack_into_a_quarter_without_loss(tmp_path, capfd):
    words = [
        "data",
        "pack",
        str(SHARED / "landslide4sense"),
        "--out",
        str(tmp_path / "packed"),
        "--events",
        "json",
    ]
    assert main(words) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert result["bytes"] < 0.27 * result["bytes_before"]
    packed = open_patches(tmp_path / "packed")
    for index, patch in enumerate(find_patches(SHARED / "landslide4sense").patches()):
        np.testing.assert_array_equal(packed.raw(index), patch.image)
        np.testing.assert_array_equal(packed.masks[index], patch.mask)
