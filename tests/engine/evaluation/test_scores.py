"""Pixel scores and the files they are taken from."""

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inventory_cases import grid_of_shape

from engine.cli import main
from engine.errors import GridError, InputError, UnreadableFileError
from engine.evaluation.evaluate import evaluate
from engine.evaluation.scores import Confusion
from engine.events import Log, Reporter
from engine.raster import RasterWriter

PAIRS = st.tuples(st.integers(1, 8), st.integers(1, 8)).flatmap(
    lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 255]))] * 2)
)


def write_h5(path: Path, mask: np.ndarray, key: str = "mask") -> None:
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file[key] = mask


@given(PAIRS)
def test_counts_are_those_of_a_loop(pair: tuple[np.ndarray, np.ndarray]) -> None:
    counts = {"tp": 0, "fp": 0, "fn": 0, "tn": 0, "ignored": 0}
    for p, r in zip(pair[0].ravel(), pair[1].ravel(), strict=True):
        name = (
            "ignored"
            if 255 in (p, r)
            else {(1, 1): "tp", (1, 0): "fp", (0, 1): "fn", (0, 0): "tn"}[(int(p), int(r))]
        )
        counts[name] += 1
    assert Confusion.from_arrays(*pair) == Confusion(**counts)


@given(st.integers(1, 99), st.integers(0, 99), st.integers(0, 99))
def test_f1_is_the_harmonic_mean_and_follows_from_iou(tp: int, fp: int, fn: int) -> None:
    c = Confusion(tp, fp, fn, 5)
    assert c.f1 == pytest.approx(2 * c.precision * c.recall / (c.precision + c.recall))
    assert c.f1 == pytest.approx(2 * c.iou / (1 + c.iou))


def test_undefined_scores_are_nan_and_null() -> None:
    assert math.isnan(Confusion(0, 0, 0, 9).f1)
    assert Confusion(0, 3, 0, 9).f1 == 0
    assert math.isnan(Confusion(0, 3, 0, 9).recall)
    assert Confusion(0, 0, 4, 9).to_dict()["precision"] is None
    assert Confusion(0, 0, 4, 9).to_dict()["recall"] == 0


def test_other_values_and_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"value 7.*reclassify"):
        Confusion.from_arrays(np.array([7, 0]), np.array([0, 0]))
    with pytest.raises(GridError, match="one size"):
        Confusion.from_arrays(np.zeros((2, 2)), np.zeros((2, 3)))


def test_rasters_are_scored_with_their_own_nodata(make_mask_file) -> None:
    reference = np.array([[1, 1, 0, 255]], np.uint8)
    prediction = np.array([[1, 0, 1, 1]], np.uint8)
    result = evaluate(
        make_mask_file(prediction, name="p.tif").path, make_mask_file(reference, name="r.tif").path
    )
    assert result.total == Confusion(1, 1, 1, 0, 1)


def test_rasters_on_other_grids_are_refused(make_mask_file) -> None:
    one = make_mask_file(np.zeros((4, 4)), name="p.tif")
    other = make_mask_file(np.zeros((4, 4)), grid_of_shape((4, 4), pixel=20.0), name="r.tif")
    with pytest.raises(GridError, match="does not lie on the grid"):
        evaluate(one.path, other.path)


def test_folders_are_matched_by_number(
    tmp_path: Path, make_mask_file, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for number in (2, 10):
        write_h5(b / f"mask_{number}.h5", np.eye(4, dtype=np.uint8))
    write_h5(b / "image_2.h5", np.zeros((4, 4, 14)), "img")
    write_h5(a / "mask_2.h5", np.eye(4, dtype=np.uint8))
    make_mask_file(np.zeros((4, 4))).path.rename(a / "10.tif")
    write_h5(a / "mask_77.h5", np.zeros((4, 4)))
    result = evaluate(a, b)
    assert list(result.files) == ["2", "10"]
    assert result.total == Confusion(4, 0, 4, 24)
    assert main(["evaluate", "--prediction", str(a), "--reference", str(b), "--json"]) == 0
    out, err = capsys.readouterr()
    assert '"recall": 0.5' in out
    assert "77" in err


def test_missing_predictions_are_named(tmp_path: Path) -> None:
    write_h5(tmp_path / "a" / "mask_1.h5", np.zeros((2, 2)))
    for number in (1, 2, 3):
        write_h5(tmp_path / "b" / f"mask_{number}.h5", np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"lacks 2 of the 3 masks.*\(2, 3\)"):
        evaluate(tmp_path / "a", tmp_path / "b")


def test_damaged_and_foreign_hdf5_are_refused(tmp_path: Path) -> None:
    write_h5(tmp_path / "a" / "mask_1.h5", np.zeros((2, 2)), "other")
    write_h5(tmp_path / "b" / "mask_1.h5", np.zeros((2, 2)))
    with pytest.raises(UnreadableFileError, match="no dataset `mask`"):
        evaluate(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a" / "mask_1.h5").write_bytes(b"broken")
    with pytest.raises(UnreadableFileError, match="truncated"):
        evaluate(tmp_path / "a", tmp_path / "b")


def test_bad_usage_exits_with_2(
    tmp_path: Path, make_mask_file, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = str(make_mask_file(np.zeros((2, 2))).path)
    assert main(["evaluate", "--prediction", str(tmp_path / "no.tif"), "--reference", mask]) == 2
    assert main(["evaluate", "--prediction", str(tmp_path), "--reference", mask]) == 2
    assert main(["evaluate", "--prediction", mask]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_masks_of_0_and_255_score_as_masks_of_0_and_1(tmp_path: Path, make_mask_file) -> None:
    """Also where a file of the set holds no landslide, or nothing else."""
    truth = [np.eye(4, dtype=np.uint8), np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)]
    guess = [np.ones((4, 4), np.uint8), np.eye(4, dtype=np.uint8), np.ones((4, 4), np.uint8)]
    for number, (t, g) in enumerate(zip(truth, guess, strict=True)):
        write_h5(tmp_path / "t" / f"mask_{number}.h5", t)
        write_h5(tmp_path / "t255" / f"mask_{number}.h5", t * 255)
        write_h5(tmp_path / "g" / f"mask_{number}.h5", g)
        write_h5(tmp_path / "g100" / f"mask_{number}.h5", g * 100)
    expected = evaluate(tmp_path / "g", tmp_path / "t")
    heard: list[Any] = []
    found = evaluate(tmp_path / "g100", tmp_path / "t255", reporter=Reporter(heard.append))
    assert found == expected
    assert [e.code for e in heard if isinstance(e, Log)] == ["raster-recognised"] * 2


def test_a_probability_is_scored_from_a_threshold_up(
    tmp_path: Path, make_mask_file, make_probability, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = make_mask_file(np.array([[1, 1, 0, 0]]), name="r.tif").path
    values = np.array([[0.9, 0.4, 0.6, np.nan]])
    probability = make_probability(values, name="p.tif").path
    with pytest.raises(InputError, match=r"from 0.4 to 0.9, which are probabilities.*--threshold"):
        evaluate(probability, reference)
    assert evaluate(probability, reference, threshold=0.6).total == Confusion(1, 1, 1, 0, 1)
    per_cent = tmp_path / "per-cent.tif"
    with RasterWriter(
        per_cent, grid_of_shape((1, 4)), dtype="float32", bands=["p"], nodata=-1
    ) as writer:
        writer.write(np.nan_to_num(values[None] * 100, nan=-1).astype(np.float32))
    command = ["evaluate", "--prediction", str(per_cent), "--reference", str(reference)]
    assert main([*command, "--threshold", "0.6", "--scale", "0.01", "--json"]) == 0
    assert '"tp": 1' in capsys.readouterr().out
    assert main([*command, "--threshold", "0.6"]) == 2
    assert "--scale 0.01" in capsys.readouterr().err
    assert main([*command, "--scale", "0.01"]) == 2
    assert main([*command, "--threshold", "0.6", "--scale", "1/0"]) == 2


def test_a_value_that_was_said_to_mean_no_data_does(make_mask_file, tmp_path: Path) -> None:
    path = tmp_path / "m.tif"
    with RasterWriter(path, grid_of_shape((1, 4)), dtype="uint8", bands=["m"]) as writer:
        writer.write(np.array([[[0, 1, 7, 255]]], np.uint8))
    reference = make_mask_file(np.array([[0, 1, 1, 1]]), name="r.tif").path
    with pytest.raises(InputError, match="0, 1, 7"):
        evaluate(path, reference)
    with pytest.raises(InputError, match="0, 1, 255"):
        evaluate(path, reference, ignore=7)
