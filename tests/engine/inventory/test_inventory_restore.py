"""Inventories as other programs leave them: outlines changed, columns empty, layers missing."""

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import affinity

from engine.cli import main
from engine.errors import InventoryError, UnreadableFileError
from engine.events import Log, Reporter
from engine.inventory.export import export_inventory
from engine.inventory.inventory import Inventory
from engine.inventory.provenance import columns_of
from engine.inventory.schema import FIELDS
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.inventory.storage.restore import measured_anew
from engine.inventory.volume import estimate_volume
from engine.report.statistics import summarise

DRAWN = shapely.MultiPolygon([shapely.box(300100, 2599650, 300200, 2599700)])
MEASURES = (
    "area_m2",
    "perimeter_m",
    "length_m",
    "width_m",
    "axis_m",
    "elongation",
    "compactness",
    "volume_m3",
)


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def reporter(messages: list[str]) -> Reporter:
    return Reporter(
        lambda event: messages.append(event.message) if isinstance(event, Log) else None
    )


@pytest.fixture
def edited(inventory: Inventory, tmp_path: Path) -> Path:
    """A GIS shrank landslide 1, and two were drawn by hand: one accepted, one without any
    attribute."""
    table = inventory.landslides.copy()
    table.loc[0, "geometry"] = affinity.scale(table.geometry[0], 0.5, 0.5)
    drawn = pd.DataFrame(
        [{"geometry": DRAWN, "status": "accepted"}, {"geometry": affinity.translate(DRAWN, 150, 0)}]
    )
    rows = pd.DataFrame([*table.to_dict("records"), *drawn.to_dict("records")])
    rows["id"] = rows["id"].fillna(0).astype(int)
    rows["amalgamated"] = rows["amalgamated"].eq(True)
    for f in FIELDS:
        if f.kind == "text":
            rows[f.name] = rows[f.name].astype(object).where(rows[f.name].notna(), None)
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=inventory.crs)
    return write_geopackage(inventory.with_landslides(table), tmp_path / "edited.gpkg")


def subset(inventory: Inventory, path: Path, rows: slice, layer: str = "landslides") -> Path:
    """What `ogr2ogr -where` or a QGIS filter leaves: the landslides alone."""
    table = inventory.landslides.iloc[rows]
    pyogrio.write_dataframe(
        table,
        path,
        layer=layer,
        driver="GPKG",
        geometry_type="MultiPolygon",
        dataset_options={"VERSION": "1.3"},
    )
    return path


def test_what_was_drawn_or_reshaped_is_measured_when_read(
    inventory: Inventory, edited: Path, tmp_path: Path
) -> None:
    table = read_inventory(edited).landslides
    assert table["area_m2"].tolist() == [900, 2300, 400, 5000, 5000]
    assert table["perimeter_m"].tolist()[3:] == [300, 300]
    assert table["length_m"].tolist()[3:] == [100, 100]
    assert table["volume_m3"].to_numpy() == pytest.approx(
        estimate_volume(table["area_m2"].to_numpy())[0], abs=0.5
    )
    assert table[list(MEASURES)].notna().all(axis=None)
    assert table["status"].tolist() == ["edited", "pending", "pending", "accepted", "edited"]
    assert table["id"].tolist() == [1, 2, 3, 4, 5]
    # What needs rasters stays as it was.
    assert table["prob_mean"].notna().tolist() == [True, True, True, False, False]
    assert table["slope_deg"].isna().all()
    # What was not touched is not even rounded again.
    same = inventory.landslides.loc[1:2]
    assert table.loc[1:2, list(MEASURES)].equals(same[list(MEASURES)])
    assert summarise(read_inventory(edited)).area_km2 == pytest.approx(0.0136)
    (out,) = export_inventory(read_inventory(edited), tmp_path / "i.csv")
    with out.open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    assert "5000 m²" in last["event_description"]
    assert "status edited" in last["event_description"]
    assert last["landslide_size"] == "medium"


def test_a_pending_row_without_a_number_is_a_persons_and_numbers_are_not_taken_twice(
    inventory: Inventory,
) -> None:
    table = inventory.landslides.assign(id=[0, 7, 7])
    read = measured_anew(table)
    assert read["id"].tolist() == [8, 7, 9]
    assert read["status"].tolist() == ["edited", "pending", "pending"]
    lost = measured_anew(inventory.landslides.assign(id=0))
    assert lost["id"].tolist() == [1, 2, 3]
    assert lost["status"].tolist() == ["pending"] * 3, "a program dropped the numbers"


def test_kept_landslides_have_their_new_sizes_after_a_new_run(
    inventory: Inventory, edited: Path
) -> None:
    write_geopackage(inventory, edited)
    table = pyogrio.read_dataframe(edited, layer="landslides")
    kept = table[table["kept_from"].notna()]
    assert sorted(kept["area_m2"]) == [900, 5000, 5000]
    assert set(kept["status"]) == {"accepted", "edited"}


def test_lengths_follow_the_fall_line_that_was_measured(inventory: Inventory) -> None:
    table = inventory.landslides.assign(
        area_m2=np.nan, slope_deg=[20.0, 20.0, 0.5], aspect_deg=[0.0, 90.0, 0.0]
    )
    north, east, level = (row for _, row in measured_anew(table).iterrows())
    assert (north["length_m"], north["width_m"]) == (
        30,
        120,
    )  # the bar of 3 x 12 pixels lies across the slope
    assert (east["length_m"], east["width_m"]) == (40, 60)
    assert level["length_m"] == 20


def test_stale_volumes_and_crossed_outlines_are_measured(inventory: Inventory) -> None:
    """The review dock measures area and perimeter alone; a bow-tie has an area once it is
    repaired."""
    table = inventory.landslides.assign(volume_m3=[1.0, np.nan, 1.0])
    bow_tie = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    table.loc[2, "geometry"] = shapely.MultiPolygon([affinity.translate(bow_tie, 300000, 2599700)])
    again = measured_anew(table)
    assert again["volume_m3"].to_numpy() == pytest.approx(
        estimate_volume(again["area_m2"].to_numpy())[0], abs=0.5
    )
    assert again["area_m2"].tolist() == [3600, 2300, 5000]
    assert again["status"].tolist() == ["pending", "pending", "edited"]


def test_rows_without_a_polygon_do_not_count(
    inventory: Inventory, tmp_path: Path, reporter, messages
) -> None:
    table = inventory.landslides.copy()
    table.loc[1, "geometry"] = None
    path = write_geopackage(inventory.with_landslides(table), tmp_path / "i.gpkg")
    assert read_inventory(path, reporter=reporter).landslides["id"].tolist() == [1, 3]
    assert len(messages) == 1
    assert "1 of 3 rows of i.gpkg have no geometry" in messages[0]


def test_a_subset_says_what_it_lacks_and_keeps_what_its_columns_tell(
    inventory: Inventory, tmp_path: Path, reporter, messages
) -> None:
    table = inventory.landslides.assign(
        images="S2A_x.SAFE",
        dem="dem.tif",
        threshold=0.4,
        model="light 2.2, own",
        model_digest="ab12, cd34",
    )
    old = table.iloc[:1].assign(created="2025-01-01T00:00:00+00:00", model="light 1.0")
    whole = inventory.with_landslides(pd.concat([table.iloc[1:], old]))
    again = read_inventory(subset(whole, tmp_path / "sub.gpkg", slice(None)), reporter=reporter)
    assert len(messages) == 1
    assert "no layer `aoi`: the box around the landslides" in messages[0]
    assert again.aoi.bounds == pytest.approx(tuple(whole.landslides.total_bounds))
    assert again.run["models"] == [
        {"name": "light", "version": "2.2", "digest": "ab12"},
        {"name": "own", "version": "", "digest": "cd34"},
    ]
    assert again.run["created"] == inventory.run["created"]
    assert [run["models"][0]["version"] for run in again.earlier] == ["1.0"]
    known = columns_of(again.run)
    assert (known["images"], known["dem"], known["threshold"]) == ("S2A_x.SAFE", "dem.tif", 0.4)
    assert known["model"] == "light 2.2, own"
    assert "area_km2" not in again.run
    out = tmp_path / "r.html"
    assert main(["report", "--inventory", str(tmp_path / "sub.gpkg"), "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "light 2.2" in text
    assert "S2A_x.SAFE" in text
    assert "0.40" in text


def test_the_only_layer_of_polygons_is_taken_whatever_its_name(
    inventory: Inventory, tmp_path: Path, reporter, messages
) -> None:
    path = subset(inventory, tmp_path / "sub.gpkg", slice(0, 2), layer="selection")
    assert read_inventory(path, reporter=reporter).landslides["id"].tolist() == [1, 2]
    assert "`selection`, is taken" in messages[0]
    with pytest.raises(InventoryError, match="so it is no inventory"):
        write_geopackage(inventory, path)
    pyogrio.write_dataframe(inventory.landslides[["geometry"]], path, layer="fields", append=True)
    with pytest.raises(InventoryError, match="no layer `landslides`"):
        read_inventory(path)


def test_a_shapefile_is_called_one_and_may_be_converted(
    inventory: Inventory, tmp_path: Path
) -> None:
    export_inventory(inventory, tmp_path / "i.shp")
    with pytest.raises(
        UnreadableFileError, match=r"not a GeoPackage.*ogr2ogr -f GPKG inventory\.gpkg i\.shp"
    ):
        read_inventory(tmp_path / "i.shp")
    table = gpd.read_file(tmp_path / "i.shp")
    pyogrio.write_dataframe(
        table, tmp_path / "c.gpkg", layer="i", driver="GPKG", dataset_options={"VERSION": "1.3"}
    )
    again = read_inventory(tmp_path / "c.gpkg").landslides
    assert list(again.columns) == list(inventory.landslides.columns)
    assert again["perimeter_m"].tolist() == inventory.landslides["perimeter_m"].tolist()
    assert again["status"].tolist() == ["pending"] * 3


def test_lines_are_no_landslides(inventory: Inventory, tmp_path: Path) -> None:
    table = inventory.landslides.assign(geometry=inventory.landslides.boundary)
    pyogrio.write_dataframe(
        table, tmp_path / "l.gpkg", layer="landslides", dataset_options={"VERSION": "1.3"}
    )
    with pytest.raises(InventoryError, match="something else than polygons"):
        read_inventory(tmp_path / "l.gpkg")


def test_an_empty_subset_works_everywhere(inventory: Inventory, tmp_path: Path, capsys) -> None:
    none = subset(inventory, tmp_path / "none.gpkg", slice(0, 0))
    whole = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert read_inventory(none).aoi.is_empty
    assert main(["report", "--inventory", str(none), "--out", str(tmp_path / "r.html")]) == 0
    assert "holds no landslides" in (tmp_path / "r.html").read_text(encoding="utf-8")
    for suffix in ("geojson", "shp", "fgb", "csv", "gpkg"):
        assert (
            main(["export", "--inventory", str(none), "--out", str(tmp_path / f"e.{suffix}")]) == 0
        )
    assert len(read_inventory(tmp_path / "e.gpkg")) == 0
    capsys.readouterr()
    for one, other, found in (
        (none, whole, "0 of 3 found"),
        (whole, none, "0 of 0 found"),
        (none, none, "0 of 0 found"),
    ):
        out = str(tmp_path / "c.gpkg")
        assert (
            main(["compare", "--inventory", str(one), "--reference", str(other), "--out", out]) == 0
        )
        assert found in capsys.readouterr().out
