"""Other programs' formats."""

import csv
import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pytest

from engine.cli import main
from engine.errors import ConfigError, InventoryError, OutputError
from engine.events import Log, Reporter
from engine.inventory.export import (
    COOLR_CATEGORIES,
    COOLR_COLUMNS,
    COOLR_TRIGGERS,
    export_inventory,
)
from engine.inventory.geopackage import write_geopackage
from engine.inventory.inventory import Inventory
from engine.inventory.reading import read_inventory
from engine.inventory.schema import FIELDS, NAMES, TRIGGERS, TYPES


def test_geojson_follows_rfc_7946(inventory: Inventory, tmp_path: Path) -> None:
    (path,) = export_inventory(inventory, tmp_path / "i.geojson")
    document = json.loads(path.read_text())
    assert "crs" not in document
    ring = document["features"][0]["geometry"]["coordinates"][0][0]
    assert all(121 < lon < 121.2 and 23.4 < lat < 23.6 for lon, lat in ring)
    turn = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    assert turn < 0  # shells run counterclockwise
    assert set(NAMES) <= set(document["features"][0]["properties"])


def test_shapefile_names_are_short_unique_and_explained(
    inventory: Inventory, tmp_path: Path
) -> None:
    short = [f.shapefile_name for f in FIELDS]
    assert all(len(name) <= 10 for name in short)
    assert len({name.lower() for name in short}) == len(short)
    (tmp_path / "i.qix").write_bytes(b"index of an older file")
    files = export_inventory(inventory, tmp_path / "i.shp")
    assert {p.name for p in files} == {"i.shp", "i.shx", "i.dbf", "i.prj", "i.cpg", "i_fields.csv"}
    assert not (tmp_path / "i.qix").exists()
    again = gpd.read_file(tmp_path / "i.shp")
    assert list(again.columns[:-1]) == short
    assert again.crs.to_epsg() == 32651
    with (tmp_path / "i_fields.csv").open(encoding="utf-8") as file:
        key = {row["shapefile_name"]: row["name"] for row in csv.DictReader(file)}
    assert key["bright_chg"] == "brightness_change"
    assert list(key.values()) == list(NAMES)


def test_long_text_is_reported(inventory: Inventory, tmp_path: Path) -> None:
    table = inventory.landslides.copy()
    table.loc[0, "notes"] = "x" * 300
    messages: list[str] = []
    reporter = Reporter(
        lambda event: messages.append(event.message) if isinstance(event, Log) else None
    )
    export_inventory(inventory.with_landslides(table), tmp_path / "i.shp", reporter=reporter)
    assert "shortened: notes" in messages[0]


def test_flatgeobuf_holds_the_same(inventory: Inventory, tmp_path: Path) -> None:
    export_inventory(inventory, tmp_path / "i.fgb")
    again = gpd.read_file(tmp_path / "i.fgb")
    assert sorted(again["area_m2"]) == sorted(inventory.landslides["area_m2"])


def test_coolr_table(inventory: Inventory, tmp_path: Path) -> None:
    table = inventory.landslides.copy()
    table["ls_type"], table["trigger"], table["date_to"] = (
        "debris-flow",
        "rainfall",
        ["2026-01-01", None, None],
    )
    table.loc[1, "status"] = "rejected"
    messages: list[str] = []
    reporter = Reporter(
        lambda event: messages.append(event.message) if isinstance(event, Log) else None
    )
    export_inventory(inventory.with_landslides(table), tmp_path / "i.csv", reporter=reporter)
    with (tmp_path / "i.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COOLR_COLUMNS
    assert [row["event_id"] for row in rows] == ["1", "3"]
    assert rows[0]["landslide_category"] == "debris_flow"
    assert rows[0]["landslide_trigger"] == "rain"
    assert [row["landslide_size"] for row in rows] == ["medium", "small"]
    assert 121 < float(rows[0]["longitude"]) < 121.2
    assert "1 landslides have no date" in messages[0]
    assert set(COOLR_CATEGORIES) == set(TYPES)
    assert set(COOLR_TRIGGERS) == set(TRIGGERS)


def test_geopackage_is_an_inventory_again(inventory: Inventory, tmp_path: Path) -> None:
    """A chosen part with area and run; what is there already is neither merged nor lost."""
    whole = inventory.with_landslides(
        inventory.landslides.assign(status=["accepted", "rejected", "pending"])
    )
    out = tmp_path / "i.gpkg"
    assert export_inventory(whole, out, status=["accepted", "rejected"]) == [out]
    again = read_inventory(out)
    assert again.landslides["id"].tolist() == [1, 2]
    assert again.aoi.equals(inventory.aoi)
    assert again.run == {
        **inventory.run,
        "landslides": 1,
        "landslide_area_km2": 0.0036,
        "rejected": 1,
    }
    export_inventory(whole, out, status=["pending"])
    assert read_inventory(out).landslides["id"].tolist() == [3]
    assert len(read_inventory(tmp_path / "i.previous.gpkg")) == 2
    (tmp_path / "text.gpkg").write_text("not a database")
    with pytest.raises(InventoryError):
        export_inventory(whole, tmp_path / "text.gpkg")
    assert {path.name for path in tmp_path.glob("*.gpkg*")} == {
        "i.gpkg",
        "i.previous.gpkg",
        "text.gpkg",
    }


@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".fgb", ".csv"])
def test_empty_inventory_and_status_filter(
    inventory: Inventory, tmp_path: Path, suffix: str
) -> None:
    files = export_inventory(inventory, tmp_path / f"i{suffix}", status=["accepted"])
    assert all(path.exists() for path in files)
    if suffix != ".csv":
        assert len(gpd.read_file(tmp_path / f"i{suffix}")) == 0


def test_bad_requests(
    inventory: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="no known format"):
        export_inventory(inventory, tmp_path / "i.kml")
    with pytest.raises(ConfigError, match="no review status done"):
        export_inventory(inventory, tmp_path / "i.csv", status=["done"])
    for suffix in ("geojson", "shp", "csv"):
        with pytest.raises(OutputError):
            export_inventory(inventory, tmp_path / "no" / f"i.{suffix}")
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert main(["export", "--inventory", str(path), "--out", str(tmp_path / "i.xyz")]) == 2
    assert (
        main(["export", "--inventory", str(path), "--out", str(tmp_path / "n" / "i.geojson")]) == 0
    )
    assert (tmp_path / "n" / "i.geojson").exists()
    assert "Traceback" not in capsys.readouterr().err
