"""``l4s measure``: rows of an inventory, measured on the rasters beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest

from engine.cli import main
from engine.errors import InventoryError, MissingFileError, UnreadableFileError
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.pipeline.measuring import measure_inventory


@pytest.fixture
def folder(inventory: Inventory, make_stack_file: Any, tmp_path: Path) -> Path:
    """A result folder: inventory, probability, mask and stack side by side."""
    make_stack_file(500.0 - 4.0 * np.mgrid[:40, :50][0])
    write_geopackage(inventory, tmp_path / "inventory.gpkg")
    return tmp_path


def test_rows_chosen_by_fid(folder: Path) -> None:
    every = measure_inventory(folder / "inventory.gpkg")
    assert [row["fid"] for row in every] == [1, 2, 3]
    (second,) = measure_inventory(folder / "inventory.gpkg", fids=[2])
    assert second == every[1]
    table = pyogrio.read_dataframe(folder / "inventory.gpkg", layer="landslides")
    assert second["id"] == table["id"][1]
    assert second["area_m2"] == pytest.approx(table["area_m2"][1])
    assert second["slope_deg"] == pytest.approx(21.8, abs=0.5)


def test_the_file_is_not_changed(folder: Path) -> None:
    before = (folder / "inventory.gpkg").read_bytes()
    measure_inventory(folder / "inventory.gpkg")
    assert (folder / "inventory.gpkg").read_bytes() == before


def test_in_another_crs(folder: Path) -> None:
    table = pyogrio.read_dataframe(folder / "inventory.gpkg", layer="landslides").to_crs(4326)
    pyogrio.write_dataframe(table, folder / "degrees.gpkg", layer="landslides")
    here = measure_inventory(folder / "inventory.gpkg")
    there = measure_inventory(folder / "degrees.gpkg")
    for one, other in zip(here, there, strict=True):
        assert other["area_m2"] == pytest.approx(one["area_m2"], rel=1e-3)
        assert other["pixels"] == one["pixels"]


def test_without_a_mask_the_probability_tells_where_there_was_no_result(folder: Path) -> None:
    with_mask = measure_inventory(folder / "inventory.gpkg")
    (folder / "mask.tif").unlink()
    assert measure_inventory(folder / "inventory.gpkg") == with_mask


def test_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["measure", "--inventory", str(folder / "inventory.gpkg"), "--fid", "1", "--fid", "3"]
    assert main([*words, "--events", "json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (result,) = [event for event in events if event["event"] == "result"]
    assert [row["fid"] for row in result["landslides"]] == [1, 3]
    assert main(words) == 0
    assert "landslide" in capsys.readouterr().out


def test_what_is_missing_is_said(folder: Path) -> None:
    with pytest.raises(InventoryError, match="lacks one of the rows 99"):
        measure_inventory(folder / "inventory.gpkg", fids=[99])
    with pytest.raises(MissingFileError, match="no file"):
        measure_inventory(folder / "nothing.gpkg")
    (folder / "text.gpkg").write_text("no database")
    with pytest.raises(UnreadableFileError, match="not a GeoPackage"):
        measure_inventory(folder / "text.gpkg")
    alone = folder / "alone"
    alone.mkdir()
    shutil.copy(folder / "inventory.gpkg", alone / "inventory.gpkg")
    with pytest.raises(MissingFileError, match="--probability"):
        measure_inventory(alone / "inventory.gpkg")
