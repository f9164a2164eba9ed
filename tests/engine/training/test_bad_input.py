"""What `l4s train` says of bad input: one sentence, exit code 2, no traceback, nothing
half-written."""

from __future__ import annotations

import csv
import json
import os
import subprocess

import h5py
import numpy as np
import pytest
import torch
from patch_files import write_image
from test_run import toml
from training_cases import TINY, landscape, tiny

from engine.cli import main
from engine.errors import CancelledError, ConfigError, DatasetError, OutputError
from engine.events import Log, Reporter
from engine.models.bundle import ModelBundle
from engine.patches.arrays import open_patches, write_packed
from engine.patches.landslide4sense import write_mask
from engine.training.run import train, train_members


@pytest.fixture
def data(tmp_path):
    """Four good patches in the official layout."""
    arrays = landscape(count=4, size=128, seed=2)
    root = tmp_path / "data"
    for kind in ("img", "mask"):
        (root / kind).mkdir(parents=True)
    for number in range(4):
        write_image(root / "img" / f"image_{number + 1}.h5", arrays.images[number])
        write_mask(root / "mask" / f"mask_{number + 1}.h5", arrays.masks[number])
    return root


@pytest.fixture
def words(tmp_path):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml({**TINY, "data": {**TINY["data"], "validation": "none"}}))
    return ["train", "--recipe", str(recipe), "--out", str(tmp_path / "out")]


def refused(words, out, capfd) -> str:
    """The one sentence that a command fails with."""
    capfd.readouterr()
    assert main(words) == 2
    shown = capfd.readouterr()
    told = [line for line in shown.err.splitlines() if not line.startswith("step ")]
    assert len(told) == 1, shown.err
    assert told[0].startswith("l4s: ")
    assert shown.out == ""
    left = [path.name for path in out.rglob("*")]
    assert not [name for name in left if ".part" in name or name in ("bundle", "run.json")], left
    return told[0]


def empty(root):
    for path in root.rglob("*.h5"):
        path.unlink()


def no_masks(root):
    for path in (root / "mask").iterdir():
        path.unlink()


def one_mask_missing(root):
    (root / "mask" / "mask_2.h5").unlink()


def mask_of_another_shape(root):
    write_mask(root / "mask" / "mask_3.h5", np.zeros((64, 128), np.uint8))


def mask_of_other_values(root):
    write_mask(root / "mask" / "mask_3.h5", np.full((128, 128), 2, np.uint8))


def mask_of_halves(root):
    with h5py.File(root / "mask" / "mask_3.h5", "w") as file:
        file["mask"] = np.full((128, 128), 0.5)


def image_under_another_key(root):
    with h5py.File(root / "img" / "image_1.h5", "w") as file:
        file["image"] = np.zeros((128, 128, 14))


def mask_under_another_key(root):
    with h5py.File(root / "mask" / "mask_1.h5", "w") as file:
        file["label"] = np.zeros((128, 128))


def a_group_under_the_key(root):
    with h5py.File(root / "mask" / "mask_1.h5", "w") as file:
        file.create_group("mask")


def image_of_fewer_bands(root):
    with h5py.File(root / "img" / "image_1.h5", "w") as file:
        file["img"] = np.zeros((128, 128, 13))


def text_under_the_key(root):
    with h5py.File(root / "img" / "image_1.h5", "w") as file:
        file["img"] = "no picture"


def no_hdf5(root):
    (root / "img" / "image_4.h5").write_bytes(b"<html>404</html>")


def truncated(root):
    path = root / "img" / "image_4.h5"
    path.write_bytes(path.read_bytes()[:-5000])


def damaged_inside(root):
    path = root / "img" / "image_4.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"\xff" * 4000
    path.write_bytes(bytes(content))


def all_negative(root):
    for path in (root / "mask").iterdir():
        write_mask(path, np.zeros((128, 128), np.uint8))


def all_ignored(root):
    for path in (root / "mask").iterdir():
        write_mask(path, np.full((128, 128), 255, np.uint8))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (empty, "holds no Landslide4Sense patches"),
        (no_masks, "4 of the 4 images"),
        (one_mask_missing, "1 of the 4 images"),
        (mask_of_another_shape, "mask_3.h5 has shape (64, 128)"),
        (mask_of_other_values, "mask_3.h5 holds 2, but"),
        (mask_of_halves, "mask_3.h5 holds 0.5, but"),
        (image_under_another_key, "image_1.h5 has no key 'img' (its keys: image)"),
        (mask_under_another_key, "mask_1.h5 has no key 'mask' (its keys: label)"),
        (a_group_under_the_key, "mask_1.h5"),
        (image_of_fewer_bands, "image_1.h5 has shape (128, 128, 13)"),
        (text_under_the_key, "image_1.h5"),
        (no_hdf5, "image_4.h5 cannot be read as HDF5"),
        (truncated, "image_4.h5 cannot be read as HDF5"),
        (damaged_inside, "image_4.h5 cannot be read as HDF5"),
        (all_negative, "holds a landslide pixel"),
        (all_ignored, "holds a landslide pixel"),
    ],
)
def test_data_that_cannot_be_trained_on(data, words, tmp_path, capfd, spoil, told):
    spoil(data)
    assert told in refused([*words, "--data", str(data)], tmp_path / "out", capfd)
    assert not list((tmp_path / "out").glob("*"))  # nor is an empty folder left


def test_good_data_beside_it_trains(data, words, tmp_path):
    assert main([*words, "--data", str(data), "--set", "schedule.steps=1"]) == 0
    assert ModelBundle.open(tmp_path / "out" / "bundle").card.training["patches"] == 4


@pytest.mark.parametrize("kind", ["labels", "index", "images"])
def test_packed_data_that_is_damaged(words, tmp_path, capfd, kind):
    arrays = landscape()
    if kind == "labels":
        arrays.masks[:] = 255
    write_packed(arrays, tmp_path / "packed")
    if kind == "index":
        (tmp_path / "packed" / "index.json").write_text('{"format": 1}')
    if kind == "images":
        path = tmp_path / "packed" / "images.npy"
        path.write_bytes(path.read_bytes()[:-1000])
    sentence = refused([*words, "--data", str(tmp_path / "packed")], tmp_path / "out", capfd)
    assert "packed" in sentence


def test_a_loss_that_stops_being_a_number_saves_the_ids_of_its_batch(
    packed, words, tmp_path, capfd
):
    # A real one: steps so large that the weights overflow.
    diverging = [
        "--set",
        "optimizer.name=sgd",
        "--set",
        "optimizer.lr=1e30",
        "--set",
        "training.validate_every=1",
    ]
    sentence = refused([*words, "--data", str(packed), *diverging], tmp_path / "out", capfd)
    assert "became nan at step" in sentence
    saved = json.loads((tmp_path / "out" / "bad-batch.json").read_text())
    assert set(saved["ids"]) <= set(open_patches(packed).ids)
    assert all(name in sentence for name in saved["ids"])
    # The checkpoint before it is there and whole.
    state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert state["step"] == saved["step"]


def test_resuming_with_another_recipe_names_the_keys(packed, words, tmp_path, capfd):
    words = [*words, "--data", str(packed)]
    assert main(words) == 0
    digest = ModelBundle.open(tmp_path / "out" / "bundle").digest
    capfd.readouterr()
    for finished in (True, False):
        if not finished:
            (tmp_path / "out" / "run.json").unlink()
        more = ["--resume", "--set", "optimizer.lr=0.5", "--set", "loss.terms={ focal = 1.0 }"]
        assert main([*words, *more]) == 2
        error = capfd.readouterr().err
        assert (
            "another recipe (differing: loss.terms.cross_entropy, loss.terms.focal, optimizer.lr)"
            in error
        )
        assert error.count("\n") == 1
    assert ModelBundle.open(tmp_path / "out" / "bundle").digest == digest  # untouched


@pytest.mark.parametrize("kind", ["changed", "gone", "relabelled", "order"])
def test_resuming_on_other_data_is_refused_and_the_patches_are_named(words, tmp_path, capfd, kind):
    arrays = landscape()
    write_packed(arrays, tmp_path / "packed")
    words = [*words, "--data", str(tmp_path / "packed")]
    assert main(words) == 0
    write_packed(arrays, tmp_path / "packed")  # written again, it is the same data
    assert main([*words, "--resume"]) == 0
    told = {
        "changed": "1 changed (p5)",
        "gone": "1 gone (p7)",
        "relabelled": "1 changed (p2)",
        "order": "in another order",
    }
    if kind == "changed":
        arrays.images[5, 3, 0, 0] += 1
    elif kind == "relabelled":
        arrays.masks[2, 0, 0] = 1
    elif kind == "gone":
        arrays = arrays.select(range(7))
    else:
        arrays = arrays.select([1, 0, 2, 3, 4, 5, 6, 7])
    write_packed(arrays, tmp_path / "packed")
    for finished in (True, False):
        if not finished:
            (tmp_path / "out" / "run.json").unlink()
        capfd.readouterr()
        assert main([*words, "--resume"]) == 2
        error = capfd.readouterr().err
        assert "was started on other data (labelled patches: " in error
        assert told[kind] in error
        assert error.count("\n") == 1


def test_a_finished_fold_of_other_data_is_not_taken_over(tmp_path):
    recipe = tiny(data={"cross_validate": True, "validation": "site"}, schedule={"steps": 2})
    arrays = landscape()
    write_packed(arrays, tmp_path / "packed")
    train(recipe, tmp_path / "packed", tmp_path / "out")
    (tmp_path / "out" / "run.json").unlink()
    changed = tiny(data={"cross_validate": True, "validation": "site"}, schedule={"steps": 3})
    with pytest.raises(ConfigError, match=r"differing: schedule\.steps"):
        train(changed, tmp_path / "packed", tmp_path / "out", resume=True)
    arrays.masks[0, 0, 0] = 1
    write_packed(arrays, tmp_path / "packed")
    with pytest.raises(DatasetError, match=r"folds.*other data.*changed \(p0\)"):
        train(recipe, tmp_path / "packed", tmp_path / "out", resume=True)


def test_a_run_that_starts_anew_leaves_nothing_of_the_one_before_to_resume(packed, tmp_path):
    members = {"members": {"a": {"width": 4}, "b": {"width": 4}}}
    data = {"cross_validate": True, "validation": "site"}
    first, second = (tiny(**members, data=data, schedule={"steps": steps}) for steps in (2, 3))
    train_members(first, packed, tmp_path / "out")
    (tmp_path / "out" / "baseline").mkdir()
    (tmp_path / "out" / "baseline" / "checkpoint.pt").write_bytes(b"another run's")
    with pytest.raises(CancelledError):
        train_members(second, packed, tmp_path / "out", reporter=Reporter(None, lambda: True))
    resumed = train_members(second, packed, tmp_path / "out", resume=True)
    assert [bundle.card.training["recipe"]["schedule"]["steps"] for bundle in resumed] == [3, 3]
    whole = train_members(second, packed, tmp_path / "whole")
    assert [bundle.digest for bundle in resumed] == [bundle.digest for bundle in whole]
    assert resumed[0].card.scores == whole[0].card.scores
    assert (tmp_path / "out" / "baseline" / "checkpoint.pt").read_bytes() == b"another run's"


def test_a_damaged_checkpoint_and_a_folder_that_cannot_be_written(packed, words, tmp_path, capfd):
    words = [*words, "--data", str(packed)]
    assert main(words) == 0
    for name in ("run.json", "bundle/card.json"):
        (tmp_path / "out" / name).unlink()
    path = tmp_path / "out" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    capfd.readouterr()
    assert main([*words, "--resume"]) == 2
    error = capfd.readouterr().err
    assert "cannot be read" in error
    assert error.count("\n") == 1
    (tmp_path / "file").write_text("")
    assert main([*words[:-3], str(tmp_path / "file"), *words[-2:]]) == 2
    assert "results need a folder" in capfd.readouterr().err


def rows(path):
    with path.open() as file:
        return [row["step"] for row in csv.DictReader(file)]


@pytest.mark.skipif(os.name == "nt", reason="the limit on a file's size is POSIX's")
def test_a_checkpoint_that_cannot_grow_leaves_the_last_good_one(packed, tmp_path):
    import resource

    recipe = tiny(data={"validation": "none"})
    whole = train(recipe, packed, tmp_path / "whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(event):
        if isinstance(event, Log) and event.message.startswith("step 2 of"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))

    try:
        with pytest.raises(OutputError, match=r"checkpoint\.pt"):
            train(recipe, packed, tmp_path / "out", reporter=Reporter(limit))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "out").glob("*.part*"))
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["step"] == 2
    assert rows(tmp_path / "out" / "metrics.csv") == [
        "2",
        "4",
    ]  # the row comes first, and goes when the run is resumed
    assert train(recipe, packed, tmp_path / "out", resume=True).digest == whole.digest
    assert rows(tmp_path / "out" / "metrics.csv") == ["2", "4", "6"]


class Disk:
    """A small file system in memory."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def mount(self, size):
        options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs"]
        done = subprocess.run(["mount", *options, self.path], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("a small disk can be mounted by root alone")

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)


@pytest.fixture
def disk(tmp_path):
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root alone")
    small = Disk(tmp_path / "disk")
    yield small
    subprocess.run(["umount", "-l", small.path], check=False, capture_output=True)


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_where_it_was(
    packed, words, disk, tmp_path, capfd
):
    words = [*words, "--data", str(packed), "--set", "training.tensorboard=true"]
    assert main(words) == 0
    whole = ModelBundle.open(tmp_path / "out" / "bundle")
    size = (tmp_path / "out" / "checkpoint.pt").stat().st_size
    out = disk.path / "run"
    words[words.index("--out") + 1] = str(out)
    disk.mount(size * 3 // 2)  # room for one checkpoint, not for the next beside it
    assert "The disk is full: checkpoint.pt could not be finished" in refused(words, out, capfd)
    assert torch.load(out / "checkpoint.pt", weights_only=True)["step"] == 2
    disk.resize(size * 4)
    assert main([*words, "--resume"]) == 0
    assert ModelBundle.open(out / "bundle").digest == whole.digest

    for left in (100, 600):  # in kB: the weights do not fit, and the ONNX file does not
        (out / "run.json").unlink(missing_ok=True)
        subprocess.run(["rm", "-rf", out / "bundle", disk.path / "filler"], check=True)
        free = os.statvfs(disk.path).f_bavail * os.statvfs(disk.path).f_frsize
        (disk.path / "filler").write_bytes(bytes(free - left * 1024))
        capfd.readouterr()
        assert main([*words, "--resume"]) == 2
        error = capfd.readouterr().err
        assert "l4s: The disk is full: bundle could not be finished" in error
        assert "Traceback" not in error
        assert not (out / "bundle").exists()
        assert not list(out.glob("*.part*"))
    (disk.path / "filler").unlink()
    assert main([*words, "--resume"]) == 0
    assert ModelBundle.open(out / "bundle").digest == whole.digest


def test_a_disk_without_any_room_is_said_before_training(packed, words, disk, tmp_path, capfd):
    disk.mount("16k")
    (disk.path / "filler").write_bytes(bytes(12 * 1024))
    words[words.index("--out") + 1] = str(disk.path / "run")
    capfd.readouterr()
    assert main([*words, "--data", str(packed)]) == 2
    error = capfd.readouterr().err
    assert "The disk is full" in error
    assert error.count("\n") == 1
