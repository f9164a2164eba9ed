"""Comparison with a reference, good and bad."""

import contextlib
import itertools
import json
import math
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS
from shapely import affinity

from engine.cli import main
from engine.errors import (
    CancelledError,
    ConfigError,
    InventoryError,
    MissingCRSError,
    NoOverlapError,
    UnreadableFileError,
)
from engine.evaluation import overlap
from engine.evaluation.compare import CompareConfig, Comparison, as_table, compare
from engine.evaluation.reference import read_reference
from engine.events import Log, Reporter
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage


def reference_file(path: Path, shapes: list, crs: object = 32651, **columns: list) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(
            gpd.GeoDataFrame(columns or {"n": range(len(shapes))}, geometry=shapes, crs=crs),
            path,
            driver="GeoJSON" if path.suffix == ".geojson" else None,
        )
    return path


def against(inventory: Inventory, path: Path, **config: float) -> Comparison:
    reference = read_reference(path, inventory.crs, inventory.aoi)
    return compare(inventory, reference, config=CompareConfig(**config))


def test_an_inventory_agrees_with_itself(inventory: Inventory, tmp_path: Path) -> None:
    path = reference_file(tmp_path / "r.gpkg", list(inventory.landslides.geometry))
    result = against(inventory, path)
    assert result.area is not None
    assert result.area.f1 == 1
    assert result.area.tp == 6300
    assert result.area.tp + result.area.tn == pytest.approx(inventory.aoi.area)
    assert result.pairs is not None
    assert (result.pairs.recall, result.pairs.precision, result.overlapping.f1) == (1, 1, 1)
    assert (result.area_ratio, result.boundary_m) == (1, 0)
    assert len(result.missed) == len(result.false) == 0
    assert len(result.matched) == 3


def test_known_shift_gives_known_scores(inventory: Inventory, tmp_path: Path) -> None:
    """The 3 x 12 bar moved by one of its three rows: two thirds in common, outlines 10 m apart
    along the long sides."""
    bar = inventory.landslides.geometry[0]
    result = against(
        inventory, reference_file(tmp_path / "r.gpkg", [affinity.translate(bar, 0, 10)])
    )
    assert result.area is not None
    assert (result.area.tp, result.area.fp, result.area.fn) == (2400, 1200 + 2300 + 400, 1200)
    assert result.overlapping.to_dict() == {
        "reference": 1,
        "inventory": 3,
        "found": 1,
        "right": 1,
        "precision": 1 / 3,
        "recall": 1.0,
        "f1": 0.5,
    }
    assert result.matched["iou"].tolist() == pytest.approx([0.5])
    assert 6 < result.boundary_m < 10
    assert result.area_ratio == pytest.approx(6300 / 3600)
    strict = against(inventory, tmp_path / "r.gpkg", min_iou=0.6, min_share=0.7)
    assert strict.pairs is not None
    assert (strict.pairs.found, strict.overlapping.found) == (0, 0)


def test_many_to_many(inventory: Inventory, tmp_path: Path) -> None:
    """Two halves of a landslide in the reference are both found, though at most one can be its
    pair."""
    left, bottom, right, top = inventory.landslides.geometry[0].bounds
    middle = (left + right) / 2
    halves = [shapely.box(left, bottom, middle, top), shapely.box(middle, bottom, right, top)]
    result = against(inventory, reference_file(tmp_path / "r.gpkg", halves))
    assert result.overlapping.found == 2
    assert result.pairs is not None
    assert result.pairs.found == 1
    assert (result.merged, result.fragmented) == (1, 0)


def test_size_classes_missed_and_false(inventory: Inventory, tmp_path: Path) -> None:
    small = inventory.landslides.geometry[2]
    elsewhere = shapely.box(300100, 2599700, 300200, 2599800)
    result = against(inventory, reference_file(tmp_path / "r.gpkg", [small, elsewhere]))
    classes = {
        name: (o.reference, o.found, o.inventory, o.right) for name, o in result.by_size.items()
    }
    assert classes == {
        "under 1,000 m²": (1, 1, 1, 1),
        "1,000 to 10,000 m²": (0, 0, 2, 0),
        "10,000 to 100,000 m²": (1, 0, 0, 0),
        "100,000 m² and more": (0, 0, 0, 0),
    }
    assert result.missed.geometry.iloc[0].equals(elsewhere)
    assert result.false["id"].tolist() == [1, 2]
    assert "1 of 2 found" in as_table(result)


def test_overlapping_reference_polygons_count_once(inventory: Inventory, tmp_path: Path) -> None:
    bar = inventory.landslides.geometry[0]
    result = against(inventory, reference_file(tmp_path / "r.gpkg", [bar, bar]))
    assert result.area is not None
    assert (result.area.tp, result.area.fn) == (3600, 0)
    assert result.overlapping.right == 1


def test_other_crs_and_rejected(inventory: Inventory, tmp_path: Path) -> None:
    degrees = inventory.landslides.to_crs(4326)
    path = reference_file(
        tmp_path / "r.geojson",
        list(degrees.geometry),
        4326,
        status=["accepted", "rejected", "accepted"],
    )
    result = against(inventory, path)
    assert result.overlapping.reference == 2
    assert result.area is not None
    assert result.area.recall == pytest.approx(1, abs=1e-3)


def test_invalid_polygons_are_repaired_and_said(inventory: Inventory, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon(
        [(300100, 2599700), (300200, 2599800), (300200, 2599700), (300100, 2599800)]
    )
    path = reference_file(tmp_path / "r.gpkg", [bow_tie])
    messages: list[str] = []
    reporter = Reporter(
        lambda event: messages.append(event.message) if isinstance(event, Log) else None
    )
    reference = read_reference(path, inventory.crs, inventory.aoi, reporter=reporter)
    assert reference.shapes.geometry.is_valid.all()
    assert reference.shapes.area.sum() == pytest.approx(5000)
    assert "1 polygons of r.gpkg were invalid" in messages[0]


def test_points_only(inventory: Inventory, tmp_path: Path) -> None:
    inside = inventory.landslides.geometry[0].centroid
    near = affinity.translate(inventory.landslides.geometry[2].centroid, 0, 30)
    far = shapely.Point(300150, 2599650)
    path = reference_file(tmp_path / "r.gpkg", [inside, near, far])
    result = against(inventory, path)
    assert result.area is None
    assert result.pairs is None
    assert (result.overlapping.found, result.overlapping.right) == (2, 2)
    assert (len(result.missed), len(result.false)) == (1, 1)
    assert "–" in as_table(result)
    out = tmp_path / "c.gpkg"
    assert (
        main(
            [
                "compare",
                "--inventory",
                str(write_geopackage(inventory, tmp_path / "i.gpkg")),
                "--reference",
                str(path),
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert pyogrio.read_info(out, layer="missed")["geometry_type"] == "Point"


def test_empty_sides(inventory: Inventory, tmp_path: Path) -> None:
    empty = inventory.with_landslides(inventory.landslides.iloc[:0])
    result = against(
        empty, reference_file(tmp_path / "r.gpkg", list(inventory.landslides.geometry))
    )
    assert result.overlapping.precision is None
    assert result.overlapping.recall == 0
    nobody = reference_file(tmp_path / "n.gpkg", [], n=np.zeros(0, int))
    other = against(inventory, nobody)
    assert other.overlapping.recall is None
    assert other.area_ratio is None
    json.dumps(other.to_dict(), allow_nan=False)


@pytest.mark.parametrize("seed", range(8))
def test_area_scores_are_those_of_the_plain_overlay(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polygons inside, across and outside an area with many clouds, also at its very rim, whatever
    the cells it is cut into."""
    rng = np.random.default_rng(seed)

    def polygons(count: int, size: float) -> np.ndarray:
        circles = shapely.buffer(
            shapely.points(rng.uniform(0, 2000, (count, 2))), rng.uniform(0.2, 1, count) * size
        )
        boxes = shapely.box(
            *rng.integers(0, 190, (2, count)) * 10, *rng.integers(190, 200, (2, count)) * 10
        )
        return np.concatenate([circles, boxes[: count // 8]])

    clouds = shapely.union_all(polygons(60, 90))
    area = shapely.box(200, 200, 1900, 1900).difference(clouds)
    ours, theirs = polygons(80, 60), polygons(80, 60)
    ours = np.concatenate([ours, shapely.get_parts(area)[:1], [shapely.box(200, 200, 300, 300)]])
    one, other = (shapely.union_all(shapes) & area for shapes in (ours, theirs))
    both, either = (one & other).area, (one | other).area
    expected = (both, one.area - both, other.area - both, area.area - either)
    for vertices in (8, 64, 10**6):
        monkeypatch.setattr(overlap, "CELL_VERTICES", vertices)
        crs = CRS.from_epsg(32651)
        scores = overlap.area_scores(overlap.overlaps(ours, theirs, crs), area, crs)
        assert (scores.tp, scores.fp, scores.fn, scores.tn) == pytest.approx(expected, abs=1)


def test_a_comparison_can_be_cancelled_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all steps, not before the first alone: cutting the area, finding what is inside, cutting
    the rest, common ground."""
    area = shapely.Point(0, 0).buffer(1000, quad_segs=64)
    slides = shapely.buffer(
        shapely.points(np.random.default_rng(0).uniform(-1000, 1000, (40, 2))), 10
    )
    crs = CRS.from_epsg(32651)
    monkeypatch.setattr(overlap, "BATCH", 10)
    monkeypatch.setattr(overlap, "CELL_VERTICES", 32)

    def looks_until(last: float) -> int:
        """How often it was asked whether to go on, when the answer is no from ``last`` on."""
        looks = itertools.count(1)
        reporter = Reporter(cancelled=lambda: next(looks) >= last)
        with contextlib.suppress(CancelledError):
            both = overlap.overlaps(slides, slides, crs, reporter)
            overlap.area_scores(both, area, crs, reporter=reporter)
        return next(looks) - 1

    often = looks_until(math.inf)
    assert often > 15
    assert [looks_until(last) for last in range(1, often + 1)] == list(range(1, often + 1))


def test_without_a_known_area_everything_counts(inventory: Inventory, tmp_path: Path) -> None:
    path = reference_file(tmp_path / "r.gpkg", list(inventory.landslides.geometry))
    result = against(Inventory(inventory.landslides.iloc[:0], shapely.Polygon(), {}), path)
    assert result.area is not None
    assert (result.area.tp, result.area.fp, result.area.fn) == (0, 0, 6300)
    assert result.overlapping.recall == 0


def test_bad_references(inventory: Inventory, tmp_path: Path) -> None:
    line = shapely.LineString([(300100, 2599700), (300200, 2599800)])
    for name, shapes, crs, error in (
        ("line", [line], 32651, InventoryError),
        ("far", [shapely.box(0, 0, 10, 10)], 32651, NoOverlapError),
        ("plain", [shapely.box(0, 0, 10, 10)], None, MissingCRSError),
    ):
        with pytest.raises(error):
            against(inventory, reference_file(tmp_path / f"{name}.gpkg", shapes, crs))
    (tmp_path / "text.shp").write_text("nothing")
    with pytest.raises(UnreadableFileError):
        against(inventory, tmp_path / "text.shp")
    with pytest.raises(InventoryError, match="no layer 'x'"):
        read_reference(tmp_path / "far.gpkg", inventory.crs, inventory.aoi, layer="x")
    with pytest.raises(ConfigError):
        CompareConfig(min_share=0)


def test_command_line(
    inventory: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_geopackage(inventory, tmp_path / "i.gpkg"))
    assert main(["compare", "--inventory", path, "--reference", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["area"]["f1"] == 1
    assert main(["compare", "--inventory", path, "--reference", str(tmp_path / "no.gpkg")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_area_of_many_holes_is_cut_along_a_lattice() -> None:
    """The cells have no ground in common and are the area together; islands in holes stay."""
    rng = np.random.default_rng(3)
    clouds = shapely.union_all(shapely.buffer(shapely.points(rng.uniform(100, 4900, (900, 2))), 60))
    islands = shapely.buffer(shapely.points(rng.uniform(100, 4900, (40, 2))), 5)
    area = shapely.box(0, 0, 5000, 5000).difference(clouds)
    area = area.union(shapely.union_all(islands).intersection(clouds))
    parts = shapely.get_parts(area)
    cells = overlap._cells(parts, Reporter())
    assert shapely.get_num_coordinates(cells).max() <= overlap.CELL_VERTICES
    assert shapely.area(cells).sum() == pytest.approx(area.area, rel=1e-12)
    assert shapely.union_all(cells).symmetric_difference(area).area == pytest.approx(0, abs=1e-6)
    assert len(cells) > len(parts) + 10
