"""Other programs' formats."""

import csv
import json
import sys
import types
import zipfile
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from engine.cli import main
from engine.errors import ConfigError, DependencyError, GridError, InventoryError, OutputError
from engine.events import Log, Reporter
from engine.inventory import formats
from engine.inventory.export import export_inventory
from engine.inventory.formats import shapefile
from engine.inventory.formats.coolr import (
    COOLR_CATEGORIES,
    COOLR_COLUMNS,
    COOLR_TRIGGERS,
    defused,
)
from engine.inventory.inventory import Inventory
from engine.inventory.schema import FIELDS, NAMES
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.inventory.values import TRIGGERS, TYPES


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


@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".fgb", ".csv", ".kml", ".kmz", ".parquet"])
def test_empty_inventory_and_status_filter(
    inventory: Inventory, tmp_path: Path, suffix: str
) -> None:
    files = export_inventory(inventory, tmp_path / f"i{suffix}", status=["accepted"])
    assert all(path.exists() for path in files)
    if suffix in (".geojson", ".shp", ".fgb"):
        assert len(gpd.read_file(tmp_path / f"i{suffix}")) == 0


def test_bad_requests(
    inventory: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="no known format"):
        export_inventory(inventory, tmp_path / "i.dwg")
    with pytest.raises(ConfigError, match="no review status done"):
        export_inventory(inventory, tmp_path / "i.csv", status=["done"])
    for suffix in ("geojson", "shp", "csv", "kml", "parquet"):
        with pytest.raises(OutputError):
            export_inventory(inventory, tmp_path / "no" / f"i.{suffix}")
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert main(["export", "--inventory", str(path), "--out", str(tmp_path / "i.xyz")]) == 2
    assert (
        main(["export", "--inventory", str(path), "--out", str(tmp_path / "n" / "i.geojson")]) == 0
    )
    assert (tmp_path / "n" / "i.geojson").exists()
    assert "Traceback" not in capsys.readouterr().err


def across_the_date_line(inventory: Inventory) -> Inventory:
    """Landslides in UTM zone 60, the first of which lies on both sides of 180 degrees."""
    centre = gpd.GeoSeries([shapely.Point(180, -16.8)], crs=4326).to_crs(32760).iloc[0]
    table = inventory.landslides.set_crs(32760, allow_override=True)
    east, north = (
        np.array([centre.x, centre.y]) - shapely.get_coordinates(table.geometry.iloc[0].centroid)[0]
    )
    moved = table.set_geometry(table.geometry.translate(east, north))
    return Inventory(moved, shapely.box(*moved.total_bounds), inventory.run)


def test_landslides_on_the_date_line_stay_where_they_are(
    inventory: Inventory, tmp_path: Path
) -> None:
    across = across_the_date_line(inventory)
    export_inventory(across, tmp_path / "i.geojson")
    table = gpd.read_file(tmp_path / "i.geojson")
    parts = table.geometry.explode()
    assert ((parts.bounds["maxx"] - parts.bounds["minx"]) < 0.01).all()
    assert (parts.bounds["minx"].abs() > 179.9).all()
    assert len(shapely.get_parts(table.geometry.iloc[0])) == 2
    export_inventory(across, tmp_path / "i.csv")
    with (tmp_path / "i.csv").open(encoding="utf-8") as file:
        places = [float(row["longitude"]) for row in csv.DictReader(file)]
    assert all(179.9 < abs(lon) <= 180 for lon in places)


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_kml_has_outlines_colours_and_columns(
    inventory: Inventory, tmp_path: Path, suffix: str
) -> None:
    table = inventory.landslides.copy()
    table.loc[0, "notes"] = "<b>&\x07 seen"
    table["status"] = ["accepted", "rejected", "pending"]
    table["date_to"] = ["2026-01-01", None, None]
    (path,) = export_inventory(inventory.with_landslides(table), tmp_path / f"i{suffix}")
    text = zipfile.ZipFile(path).read("doc.kml") if suffix == ".kmz" else path.read_bytes()
    root = ElementTree.fromstring(text)  # well-formed
    space = {"k": "http://www.opengis.net/kml/2.2"}
    marks = root.findall(".//k:Placemark", space)
    assert [m.findtext("k:styleUrl", "", space) for m in marks] == ["#accepted", "#pending"]
    assert {s.get("id") for s in root.iterfind(".//k:Style", space)} >= {"accepted", "pending"}
    data = {
        d.get("name"): d.findtext("k:value", "", space) for d in marks[0].iter() if d.get("name")
    }
    assert data["notes"] == "<b>& seen"
    assert marks[0].findtext("k:TimeSpan/k:end", "", space) == "2026-01-01"
    if suffix == ".kml":
        again = pyogrio.read_dataframe(path).to_crs(32651)
        assert again.area.sum() == pytest.approx(table.area[[0, 2]].sum(), rel=1e-3)  # centimetres


def test_geoparquet_holds_the_same(inventory: Inventory, tmp_path: Path) -> None:
    (path,) = export_inventory(inventory, tmp_path / "i.parquet")
    again = gpd.read_parquet(path)
    assert again.crs == inventory.crs
    assert again["area_m2"].tolist() == inventory.landslides["area_m2"].tolist()
    assert again.geometry.geom_equals(inventory.landslides.geometry).all()
    box = tuple(inventory.landslides.geometry.iloc[0].bounds)
    assert len(gpd.read_parquet(path, bbox=box)) == 1


def test_geoparquet_without_pyarrow_says_so(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.inventory.formats.geoparquet.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="pip install"):
        export_inventory(inventory, tmp_path / "i.parquet")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_do_not_run_in_spreadsheets(
    inventory: Inventory, tmp_path: Path, start: str
) -> None:
    assert defused("harmless = text") == "harmless = text"
    table = inventory.landslides.copy()
    table["notes"], table["event"] = f"{start}cmd|' /C calc'!A0", f"{start}1+1"
    export_inventory(inventory.with_landslides(table), tmp_path / "i.csv")
    with (tmp_path / "i.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(
        row[name].startswith("'" + start) for row in rows for name in ("notes", "event_title")
    )
    assert float(rows[0]["longitude"])


def test_a_shapefile_is_the_old_or_the_new_one(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that cannot be moved, as one that is open on Windows, leaves the earlier Shapefile."""
    out = tmp_path / "i.shp"
    export_inventory(inventory, out)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("i.*")}
    replace = Path.replace
    for broken in range(1, 6):
        moved = 0

        def refuse(self: Path, target: Path, broken: int = broken) -> Path:
            nonlocal moved
            moved += self.parent.name == "new"
            if self.parent.name == "new" and moved == broken:
                raise PermissionError(13, "in use")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", refuse)
        fewer = inventory.with_landslides(inventory.landslides.iloc[:1])
        with pytest.raises(OutputError):
            export_inventory(fewer, out)
        monkeypatch.setattr(Path, "replace", replace)
        assert {path.name: path.read_bytes() for path in tmp_path.glob("i.*")} == before
        assert len(gpd.read_file(out)) == 3


def test_a_killed_shapefile_export_leaves_one_and_is_cleared_away(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "i.shp"
    export_inventory(inventory, out)
    monkeypatch.setattr(shapefile, "_put", lambda *_: sys.exit())
    monkeypatch.setattr("engine.files._remove", lambda path: None)
    with pytest.raises(SystemExit):
        export_inventory(inventory.with_landslides(inventory.landslides.iloc[:1]), out)
    monkeypatch.undo()
    assert len(gpd.read_file(out)) == 3
    assert (tmp_path / "i.shp.part").exists()
    export_inventory(inventory.with_landslides(inventory.landslides.iloc[:2]), out)
    assert len(gpd.read_file(out)) == 2
    assert not (tmp_path / "i.shp.part").exists()


def test_a_further_format_is_one_module_and_one_line(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    module = types.ModuleType("engine.inventory.formats.plain")

    def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
        out.write_text("\n".join(str(number) for number in selection.landslides["id"]))
        return [out]

    module.write = write  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    added = formats.Format(".txt", "plain", "numbers alone")
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, added))
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert main(["export", "--inventory", str(path), "--out", str(tmp_path / "i.TXT")]) == 0
    assert (tmp_path / "i.TXT").read_text() == "1\n2\n3"
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert ".txt (numbers alone)" in " ".join(capsys.readouterr().out.split())


def test_every_format_of_the_table_has_its_module() -> None:
    for one in formats.FORMATS:
        assert formats.by_suffix(one.suffix.upper()) == one


@pytest.mark.parametrize("suffix", [".geojson", ".csv", ".kml"])
def test_an_inventory_that_lies_nowhere_has_no_degrees(
    inventory: Inventory, tmp_path: Path, suffix: str
) -> None:
    local = pyproj.CRS.from_wkt(
        'LOCAL_CS["Undefined Cartesian SRS",UNIT["metre",1],'
        'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    )
    table = inventory.landslides.set_crs(local, allow_override=True)
    with pytest.raises(GridError, match="tied to no place on Earth"):
        export_inventory(inventory.with_landslides(table), tmp_path / f"i{suffix}")
    assert not list(tmp_path.glob(f"i{suffix}*"))
    assert export_inventory(inventory.with_landslides(table), tmp_path / "i.shp")
