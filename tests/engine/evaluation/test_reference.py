"""References as institutions publish them."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity

from engine.cli import main
from engine.errors import NoOverlapError
from engine.evaluation.reference import read_reference
from engine.events import Log, Reporter
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.storage.geopackage import write_geopackage

USGS = (
    Path(__file__).parents[4]
    / "shared"
    / "data"
    / "products"
    / "usgs_national_inventory"
    / "landslides.geojson"
)


def around(points: gpd.GeoSeries, crs: str) -> Inventory:
    """An inventory of squares around points, in an area that holds all of them."""
    placed = points.to_crs(crs)
    squares = shapely.box(placed.x - 20, placed.y - 20, placed.x + 20, placed.y + 20)
    table = as_landslides(squares, crs, {"id": np.arange(1, len(squares) + 1), "area_m2": 1600.0})
    return Inventory(table, shapely.box(*placed.total_bounds).buffer(1000), {})


def test_points_of_the_national_inventory_of_the_usgs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty-two points with blank dates and types; half of them have a polygon."""
    if not USGS.exists():
        pytest.skip("the published points are not here")
    points = gpd.read_file(USGS).geometry
    half = around(points[::2], "EPSG:32610")
    whole = around(points, "EPSG:32610")
    path = write_geopackage(Inventory(half.landslides, whole.aoi, {}), tmp_path / "i.gpkg")
    assert main(["compare", "--inventory", str(path), "--reference", str(USGS), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["area"] is None
    assert scores["overlapping"]["reference"] == len(points) == 22
    assert scores["overlapping"]["inventory"] == 11
    assert scores["overlapping"]["right"] == 11
    assert 11 <= scores["overlapping"]["found"] < 22


def test_swapped_coordinates_within_range_are_named(tmp_path: Path) -> None:
    here = gpd.GeoSeries([shapely.Point(15.0, 45.0), shapely.Point(15.01, 45.01)], crs=4326)
    inventory = around(here, "EPSG:32633")
    turned = here.map(lambda point: shapely.Point(point.y, point.x))
    path = tmp_path / "turned.geojson"
    gpd.GeoDataFrame(geometry=turned, crs=4326).to_file(path)
    with pytest.raises(NoOverlapError, match="latitude and longitude are swapped"):
        read_reference(path, inventory.crs, inventory.aoi)


def test_what_does_not_count_is_counted(tmp_path: Path) -> None:
    here = gpd.GeoSeries([shapely.Point(15.0, 45.0)], crs=4326)
    inventory = around(here, "EPSG:32633")
    square = shapely.get_parts(inventory.landslides.geometry.iloc[0])[0]
    shapes = [square, square.exterior, square.centroid, shapely.affinity.translate(square, 1e5)]
    path = tmp_path / "mixed.gpkg"
    gpd.GeoDataFrame({"status": ["accepted"] * 4}, geometry=shapes, crs=32633).to_file(path)
    heard: dict[str, str] = {}
    reporter = Reporter(lambda e: heard.update({e.code: e.message}) if isinstance(e, Log) else None)
    reference = read_reference(path, inventory.crs, inventory.aoi, reporter=reporter)
    assert reference.shapes["feature"].tolist() == [1]
    assert "1 points and 1 lines" in heard["vector-kinds"]
    assert heard["reference-outside"].startswith("1 of 2")
