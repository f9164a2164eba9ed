"""Vector files as people have them: what is read, what is said, what is refused."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from engine.errors import (
    ConfigError,
    GridError,
    InventoryError,
    MissingCRSError,
    MissingFileError,
    UnreadableFileError,
)
from engine.events import WARNINGS, Event, Log, Reporter
from engine.vector import POLYGONS, in_crs, of_kind, only_layer, only_polygons, read_vector

SQUARE = box(500100, 4999800, 500300, 4999900)
OTHER = box(500500, 4999200, 500600, 4999400)
LOCAL = (
    'LOCAL_CS["Undefined Cartesian SRS",UNIT["metre",1],AXIS["Easting",EAST],'
    'AXIS["Northing",NORTH]]'
)


class Heard:
    """A reporter with what it was told."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.texts: list[str] = []
        self.reporter = Reporter(self._listen)

    def _listen(self, event: Event) -> None:
        if isinstance(event, Log):
            self.codes.append(event.code)
            self.texts.append(event.message)


def write(path: Path, shapes: list[Any], crs: Any = 32633, **columns: Any) -> Path:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path)
    return path


def test_collections_are_taken_apart_and_heights_do_no_harm(tmp_path: Path) -> None:
    tall = Polygon([(x, y, 812.5) for x, y in SQUARE.exterior.coords])
    mixed = GeometryCollection([OTHER, Point(500550, 4999300), GeometryCollection([tall])])
    heard = Heard()
    table = read_vector(
        write(tmp_path / "a.gpkg", [MultiPolygon([tall]), mixed]), "It", reporter=heard.reporter
    )
    assert np.isin(shapely.get_type_id(np.asarray(table.geometry)), POLYGONS).all()
    assert table.area.tolist() == [20_000, 40_000]
    assert heard.codes == []


def test_lines_and_points_beside_polygons_are_counted(tmp_path: Path) -> None:
    shapes = [SQUARE, LineString(OTHER.exterior.coords), Point(0, 0), Point(1, 1)]
    path = write(tmp_path / "mixed.gpkg", shapes)
    heard = Heard()
    table = of_kind(read_vector(path, "It"), POLYGONS, path, reporter=heard.reporter)
    assert table.index.tolist() == [1]
    assert "2 points and 1 lines" in heard.texts[0]
    assert heard.codes == ["vector-kinds"]


def test_further_layers_are_said_and_folders_are_one_list(tmp_path: Path) -> None:
    path = tmp_path / "years.gpkg"
    for name, shape in (("a", SQUARE), ("b", OTHER)):
        gpd.GeoDataFrame(geometry=[shape], crs=32633).to_file(path, layer=name)
    heard = Heard()
    assert len(read_vector(path, "It", reporter=heard.reporter)) == 1
    assert heard.codes == ["vector-layers"]
    assert "in b does not count" in heard.texts[0]
    assert read_vector(path, "It", layer="b").area.tolist() == [20_000]
    assert read_vector(path, "It", prefer="b").area.tolist() == [20_000]
    with pytest.raises(InventoryError, match=r"no layer 'c'.*a, b"):
        read_vector(path, "It", layer="c")
    with pytest.raises(ConfigError, match="layers a, b"):
        only_layer(path, "It", "aoi")
    assert only_layer(path, "It", "b") == "b"
    folders = "".join(
        f"<Folder><name>{n}</name><Placemark><Point><coordinates>{n},45</coordinates></Point>"
        "</Placemark></Folder>"
        for n in (14, 15)
    )
    kml = tmp_path / "two.kml"
    kml.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"{folders}</Document></kml>"
    )
    assert only_layer(kml, "It", "aoi") is None
    assert read_vector(kml, "It").geometry.x.tolist() == [14, 15]


@pytest.mark.parametrize("page", [None, "UTF-8", "GBK"])
def test_attributes_in_old_code_pages_do_no_harm(tmp_path: Path, page: str | None) -> None:
    rows = {"名称": ["滑坡一", "滑坡二"], "status": ["rejected", "accepted"]}
    made = gpd.GeoDataFrame(rows, geometry=[SQUARE, OTHER], crs=32633)
    made.to_file(tmp_path / "made.shp", encoding="gbk")
    for suffix in ("shp", "shx", "dbf", "prj"):
        shutil.copy(tmp_path / f"made.{suffix}", tmp_path / f"a.{suffix}")
    table = bytearray((tmp_path / "a.dbf").read_bytes())
    table[29] = 0  # no language driver
    (tmp_path / "a.dbf").write_bytes(bytes(table))
    if page:
        (tmp_path / "a.cpg").write_text(page)
    read = read_vector(tmp_path / "a.shp", "It", columns=["status"])
    assert read["status"].tolist() == ["rejected", "accepted"]
    assert list(read.columns) == ["status", "geometry"]


@pytest.mark.parametrize("folder", ["", "inventory/", "a/b c/ü/"])
def test_zipped_shapefiles_are_read_wherever_they_lie(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "slides.shp", [SQUARE, OTHER])
    path = tmp_path / "from {a} portal.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in tmp_path.glob("slides.*"):
            archive.write(file, folder + file.name)
        archive.writestr(f"__MACOSX/{folder}._slides.shp", "x")
        archive.writestr(f"{folder}license.json", '{"license": "CC BY"}')
    heard = Heard()
    table = read_vector(path, "It", reporter=heard.reporter)
    assert table.area.tolist() == [20_000, 20_000]
    assert table.crs.to_epsg() == 32633
    assert heard.codes == []


def test_layers_of_one_name_in_a_zip_are_all_said(tmp_path: Path) -> None:
    write(tmp_path / "slides.shp", [SQUARE])
    path = tmp_path / "years.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for year in ("2018", "2020"):
            for file in tmp_path.glob("slides.*"):
                archive.write(file, f"{year}/{file.name}")
    heard = Heard()
    assert len(read_vector(path, "It", reporter=heard.reporter)) == 1
    assert heard.codes == ["vector-layers"]
    assert "2 layers" in heard.texts[0]


def test_rows_without_usable_geometry_are_counted(tmp_path: Path) -> None:
    with np.errstate(invalid="ignore"):
        nan = Polygon([(0, 0), (np.nan, 1), (1, 1), (0, 0)])
    path = tmp_path / "odd.gpkg"
    pyogrio.write_dataframe(
        gpd.GeoDataFrame(geometry=[SQUARE, None, Polygon(), nan], crs=32633), path
    )
    heard = Heard()
    assert len(read_vector(path, "It", reporter=heard.reporter)) == 1
    assert heard.codes == ["vector-empty"]
    assert "3 of 4 rows" in heard.texts[0]


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        (box(45, 140, 46, 141), "swapped: write longitude first"),
        (SQUARE, "seem to be metres"),
    ],
)
def test_degrees_out_of_range_are_refused_with_the_remedy(
    tmp_path: Path, shape: Polygon, match: str
) -> None:
    with pytest.raises(InventoryError, match=match):
        read_vector(write(tmp_path / "a.geojson", [shape], 4326), "It")


def test_local_and_missing_crs_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "local.gpkg", [SQUARE], LOCAL)
    with pytest.raises(GridError, match="from which nothing leads to"):
        in_crs(read_vector(path, "It"), 32633, path, "It")
    plain = write(tmp_path / "plain.shp", [SQUARE])
    plain.with_suffix(".prj").unlink()
    with pytest.raises(MissingCRSError):
        read_vector(plain, "It")


def test_places_outside_of_a_crs_are_counted_or_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [box(14, 45, 15, 46), box(-166, -46, -165, -45)], 4326)
    hemisphere = "+proj=ortho +lat_0=45 +lon_0=15"
    heard = Heard()
    table = read_vector(path, "It")
    assert len(in_crs(table, hemisphere, path, "It", reporter=heard.reporter)) == 1
    assert heard.codes == ["vector-elsewhere"]
    with pytest.raises(InventoryError, match="not defined"):
        in_crs(table.iloc[1:], hemisphere, path, "It")


def test_damaged_files_give_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_vector(tmp_path / "no.gpkg", "It")
    deep = tmp_path / "deep.geojson"
    deep.write_text('{"type":"FeatureCollection","features":' + "[" * 5000 + "]" * 5000 + "}")
    for name, content in (("a.gpkg", b"nonsense"), ("b.shp", b"\0" * 100), ("c.json", b"{")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableFileError):
            read_vector(tmp_path / name, "It")
    with pytest.raises((UnreadableFileError, InventoryError)):
        read_vector(deep, "It")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InventoryError, match="no layer with geometries"):
        read_vector(tmp_path / "table.csv", "It")


def test_repaired_shapes_lose_their_stray_lines() -> None:
    assert only_polygons(GeometryCollection([SQUARE, LineString([(0, 0), (1, 1)])])).area == 20_000
    assert only_polygons(LineString([(0, 0), (1, 1)])).is_empty


def test_every_code_of_a_warning_is_explained() -> None:
    assert list(WARNINGS) == sorted(WARNINGS)
