"""Records and tables as edited or damaged files hold them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import MissingCRSError
from engine.events import Log, Reporter
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import last_run, read_inventory
from engine.inventory.storage.record import GROUPS, LISTS_OF_GROUPS, NUMBERS, read_record, sound

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from([*GROUPS, *LISTS_OF_GROUPS, *NUMBERS, "created", "else"])


@given(st.dictionaries(NAMES, JSON))
def test_what_is_read_is_of_the_kind_it_should_be(record: dict[str, Any]) -> None:
    found = read_record(json.dumps(record))
    for name in GROUPS:
        assert isinstance(found.get(name) or {}, dict)
    for name in LISTS_OF_GROUPS:
        assert all(isinstance(one, dict) for one in found.get(name) or ())
    for name in NUMBERS:
        assert isinstance(found.get(name) or 0, (int, float))
    json.dumps(found, allow_nan=False)
    assert sound(found) == found


@pytest.mark.parametrize(
    "text", [None, 3, "", "[1]", "{", "[" * 100_000, '{"a": ' + "9" * 6000 + "}"]
)
def test_what_is_no_record_is_empty(text: Any) -> None:
    assert read_record(text) == {}


def edited(path: Path, *statements: str) -> Path:
    """Change a file as other programs do, without the triggers that only a GIS can run."""
    with closing(sqlite3.connect(path)) as file, file:
        for (name,) in file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            file.execute(statement)
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE landslides SET area_m2 = 'large', id = 'two', amalgamated = 'maybe'",
        "UPDATE landslides SET area_m2 = 9e999, slope_deg = -9e999, id = 9e18 WHERE fid = 1",
        "UPDATE landslides SET status = 7, flags = 1.5, notes = x'ff00fe' WHERE fid = 1",
        "UPDATE landslides SET created = 'yesterday', date_from = '=1+1', event = '<script>'",
        "UPDATE landslides SET geom = NULL WHERE fid = 1",
        "UPDATE landslides SET geom = substr(geom, 1, 60) WHERE fid = 1",
        "UPDATE landslides SET geom = x'00' WHERE fid = 1",
        "UPDATE aoi SET geom = NULL",
        "UPDATE aoi SET geom = substr(geom, 1, 50)",
        'UPDATE run SET document = \'{"models": 3, "parameters": [], "threshold": NaN}\'',
        "UPDATE run SET document = '" + "[" * 20_000 + "'",
        'UPDATE run SET document = \'{"masked_share": "all", "area_km2": "wide"}\'',
        'UPDATE run SET document = \'{"merged": [[1]], "members": [{"channels": 1}]}\'',
        "UPDATE gpkg_geometry_columns SET srs_id = 4242424",
        "DELETE FROM gpkg_spatial_ref_sys WHERE srs_id = 32651",
        "UPDATE gpkg_spatial_ref_sys SET definition = 'nonsense' WHERE srs_id = 32651",
        "DROP TABLE run",
        "DROP TABLE landslides",
        "DELETE FROM gpkg_contents",
    ],
)
def test_damaged_inventories_give_a_sentence_or_a_result(
    inventory: Inventory, tmp_path: Path, statement: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = edited(write_geopackage(inventory, tmp_path / "i.gpkg"), statement)
    reference = write_geopackage(inventory, tmp_path / "r.gpkg")
    for number, words in enumerate(
        (
            ["export", "--inventory", path, "--out", tmp_path / "o.csv"],
            ["export", "--inventory", path, "--out", tmp_path / "o.gpkg"],
            ["compare", "--inventory", path, "--reference", reference],
            ["compare", "--inventory", reference, "--reference", path],
            ["report", "--inventory", path, "--out", tmp_path / "o.html"],
        )
    ):
        code = main([str(word) for word in words])
        said = capfd.readouterr().err
        assert code in (0, 2), (number, said)
        assert "Traceback" not in said
    last_run(path)


def test_a_crs_that_the_file_does_not_explain_is_refused(
    inventory: Inventory, tmp_path: Path
) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    edited(path, "UPDATE gpkg_geometry_columns SET srs_id = 4242424")
    with pytest.raises(MissingCRSError):
        read_inventory(path)


def test_unknown_statuses_are_said(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    edited(path, "UPDATE landslides SET status = 'Rejected' WHERE id = 1")
    codes: list[str] = []
    reporter = Reporter(lambda e: codes.append(e.code) if isinstance(e, Log) else None)
    assert len(read_inventory(path, reporter=reporter).confirmed) == 3
    assert codes == ["inventory-status"]


def test_numbers_that_are_none_are_empty(inventory: Inventory) -> None:
    columns = {"id": ["7", "x", 1e300], "area_m2": ["12.5", None, np.inf], "notes": [3, None, "a"]}
    table = as_landslides(inventory.landslides.geometry, inventory.crs, columns)
    assert table["id"].tolist() == [7, 0, 0]
    assert table["area_m2"].iloc[0] == 12.5
    assert table["area_m2"].isna().tolist() == [False, True, True]
    assert table["notes"].tolist() == ["3", None, "a"]
