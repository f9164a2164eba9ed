"""From a mask to an inventory: exact areas, attributes, flags, options."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from inventory_cases import grid_of_shape, three_slides
from rasterio.crs import CRS

from engine.cli import main
from engine.errors import ChannelError, ConfigError, GridError, NoValidPixelsError
from engine.grid import Grid
from engine.handles import Stack
from engine.inventory import zonal
from engine.inventory.export import export_inventory
from engine.inventory.inventory import Inventory
from engine.inventory.runs import find_runs, label_runs
from engine.inventory.schema import FIELDS, NAMES
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import last_run, read_inventory
from engine.inventory.values import FLAGS
from engine.inventory.vectorize import VectorizeConfig, vectorize
from engine.inventory.zonal import zonal_statistics
from engine.raster import RasterWriter


def plane(shape: tuple[int, int], east: float, north: float) -> np.ndarray:
    """Elevation that rises by so many metres a metre eastward and northward, on 10 m pixels."""
    row, column = np.indices(shape)
    return 500 + east * 10 * column - north * 10 * row


def test_polygons_have_the_masks_area_and_all_attributes(inventory: Inventory) -> None:
    table = inventory.landslides
    assert list(table.columns[: len(NAMES)]) == list(NAMES)
    assert table["area_m2"].tolist() == [3600, 2300, 400]
    assert shapely.area(table.geometry).tolist() == [3600, 2300, 400]
    assert table["pixels"].tolist() == [36, 23, 4]
    assert table["id"].tolist() == [1, 2, 3]
    assert table.geometry.is_valid.all()
    assert table["prob_mean"].tolist() == pytest.approx([0.9] * 3, abs=0.002)
    assert table["model"].tolist() == ["light 1"] * 3
    assert table["status"].tolist() == ["pending"] * 3
    assert table["confidence"].tolist() == [3, 3, 3]
    assert inventory.aoi.area == (40 * 50 - 30) * 100
    assert inventory.run["masked_share"]["nodata"] == pytest.approx(30 / 2000)
    for f in FIELDS:
        kind = table[f.name].dtype.kind
        assert kind == {"integer": "i", "real": "f", "text": "O", "boolean": "b"}[f.kind], f.name


def test_distances_to_the_border_and_to_masked_ground(inventory: Inventory) -> None:
    table = inventory.landslides
    assert table["edge_m"].tolist() == [0, 100, 50]
    # The bar begins 27 rows below the masked corner.
    assert table["masked_m"].tolist() == pytest.approx(
        [270, np.hypot(260, 120), np.hypot(20, 330)], abs=0.01
    )
    assert table["flags"].tolist() == ["image-edge", "", ""]


def test_minimum_mapping_unit_connectivity_and_holes(make_mask_file) -> None:
    mask = three_slides()
    mask[7, 7] = 1  # touches the small slide by a corner
    handle = make_mask_file(mask)
    assert vectorize(handle, config=VectorizeConfig(min_area_m2=450)).landslides[
        "pixels"
    ].tolist() == [36, 23, 5]
    four = vectorize(handle, config=VectorizeConfig(min_area_m2=100, connectivity=4))
    assert four.landslides["pixels"].tolist() == [36, 23, 4, 1]
    filled = vectorize(handle, config=VectorizeConfig(fill_holes_m2=100))
    assert filled.landslides["pixels"].tolist() == [36, 24, 5]


def test_terrain_attributes_on_a_tilted_plane(make_mask_file, make_stack_file) -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[10:40, 20:26] = 1  # 300 m north to south, 60 m wide
    dem = plane(mask.shape, 0.0, 0.5)  # rises northward: faces south
    inventory = vectorize(make_mask_file(mask), stack=make_stack_file(dem))
    (row,) = inventory.landslides.to_dict("records")
    assert row["aspect_deg"] == pytest.approx(180, abs=0.01)
    assert row["slope_deg"] == pytest.approx(np.degrees(np.arctan(0.5)), abs=0.01)
    assert row["length_m"] == pytest.approx(300, abs=0.1)
    assert row["width_m"] == pytest.approx(60, abs=0.1)
    assert row["relief_m"] == pytest.approx(29 * 5)
    assert row["source_lat"] > row["toe_lat"]
    assert row["elongation"] == pytest.approx(5)


def test_length_follows_the_fall_line_not_the_longest_side(make_mask_file, make_stack_file) -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[20:26, 10:40] = 1  # 300 m along the contour
    inventory = vectorize(make_mask_file(mask), stack=make_stack_file(plane(mask.shape, 0.0, 0.5)))
    (row,) = inventory.landslides.to_dict("records")
    assert row["length_m"] == pytest.approx(60, abs=0.1)
    assert row["width_m"] == pytest.approx(300, abs=0.1)
    assert row["axis_m"] == pytest.approx(300, abs=0.1)


def test_aspect_north_is_a_circular_mean(make_mask_file, make_stack_file) -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 1
    dem = np.minimum(
        plane(mask.shape, 0.1, -0.5), plane(mask.shape, -0.1, -0.5) + 10 * 0.1 * 40
    )  # NNE and NNW of a ridge
    (row,) = vectorize(make_mask_file(mask), stack=make_stack_file(dem)).landslides.to_dict(
        "records"
    )
    assert min(row["aspect_deg"], 360 - row["aspect_deg"]) < 3


@pytest.mark.parametrize(
    ("flag", "rows", "columns", "gradient"),
    [
        ("flat", slice(10, 20), slice(10, 20), (0.0, 0.02)),
        ("field-shaped", slice(10, 20), slice(10, 22), (0.0, 0.12)),
        ("road-like", slice(20, 22), slice(10, 40), (0.0, 0.5)),
        ("river-like", slice(5, 45), slice(20, 24), (0.0, 0.06)),
    ],
)
def test_flags(make_mask_file, make_stack_file, flag, rows, columns, gradient) -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[rows, columns] = 1
    inventory = vectorize(make_mask_file(mask), stack=make_stack_file(plane(mask.shape, *gradient)))
    assert flag in inventory.landslides["flags"][0].split(";")
    assert flag in FLAGS


def test_a_steep_compact_slide_bears_no_flag(make_mask_file, make_stack_file) -> None:
    row, column = np.indices((60, 60))
    mask = ((row - 30) ** 2 / 4 + (column - 30) ** 2 < 60).astype(np.uint8)
    inventory = vectorize(make_mask_file(mask), stack=make_stack_file(plane(mask.shape, 0.0, 0.5)))
    assert inventory.landslides["flags"].tolist() == [""]


@pytest.mark.parametrize(("core", "confidence"), [(0.9, 3), (0.5, 2), (0.2, 1)])
def test_the_surest_pixel_gives_the_confidence(
    make_mask_file, make_probability, core: float, confidence: int
) -> None:
    mask = np.zeros((30, 30), np.uint8)
    mask[10:15, 10:15] = 1
    values = np.where(mask == 1, 0.15, 0.0)
    values[12, 12] = core
    (row,) = vectorize(
        make_mask_file(mask), probability=make_probability(values)
    ).landslides.to_dict("records")
    assert row["confidence"] == confidence


def test_cloud_edge_and_lower_confidence(make_mask_file, make_probability) -> None:
    mask = np.zeros((30, 30), np.uint8)
    mask[10:15, 10:15] = 1
    mask[15:20, 10:15] = 255
    probability = make_probability(np.where(mask == 1, 0.9, 0.0))
    (row,) = vectorize(make_mask_file(mask), probability=probability).landslides.to_dict("records")
    assert row["masked_m"] == 0
    assert row["flags"] == "cloud-edge"
    assert row["confidence"] == 2


def test_hidden_ground_is_counted_by_reason(make_mask_file, tmp_path) -> None:
    mask = np.zeros((10, 10), np.uint8)
    mask[:4] = 255
    quality = np.zeros((10, 10))
    quality[0], quality[1], quality[9] = 2, 3, 2  # cloud, shadow, and a cloud that was not masked
    path = tmp_path / "s.tif"
    with RasterWriter(
        path, grid_of_shape(mask.shape), dtype="float32", bands=["B04", "QA"]
    ) as writer:
        writer.write(np.stack([np.ones_like(quality), quality]).astype(np.float32))
    run = vectorize(make_mask_file(mask), stack=Stack.open(path)).run
    assert run["masked_share"] == {"cloud": 0.1, "shadow": 0.1, "snow": 0.0, "nodata": 0.2}


def test_without_a_quality_band_nothing_is_said_of_clouds(make_mask_file, make_stack_file) -> None:
    mask = three_slides()
    handle, stack = make_mask_file(mask), make_stack_file(plane(mask.shape, 0, 0.4))
    for known in (None, stack):
        run = vectorize(handle, stack=known).run
        assert run["masked_share"] == {"cloud": None, "shadow": None, "snow": None, "nodata": 0.015}


def test_the_share_of_ground_with_a_slope_is_noted(make_mask_file, make_stack_file) -> None:
    mask = three_slides()  # 30 of its pixels have no result
    slope = np.full(mask.shape, 20.0)
    slope[20:] = np.nan
    handle, dem = make_mask_file(mask), plane(mask.shape, 0, 0.4)
    assert vectorize(handle).run["slope_covered"] is None
    assert vectorize(handle, stack=make_stack_file(dem, slope=slope)).run[
        "slope_covered"
    ] == pytest.approx(970 / 1970, abs=1e-6)
    path = handle.path.with_name("bare.tif")
    with RasterWriter(path, handle.grid, dtype="float32", bands=["B02"]) as writer:
        writer.write(dem[None].astype(np.float32))
    assert vectorize(handle, stack=Stack.open(path)).run["slope_covered"] == 0


def test_the_border_of_the_area_of_interest_is_no_cloud(make_mask_file, make_probability) -> None:
    mask = three_slides()
    mask[:, 12:] = 255  # the area ends in the middle of the 6 x 4 slide
    mask[5:7, 7] = 255  # beside the small slide, something hides the ground
    grid = grid_of_shape(mask.shape)
    left, bottom, _, top = grid.bounds
    area = shapely.box(left, bottom, left + 120, top)
    probability = make_probability(np.where(mask == 1, 0.9, 0.1))
    inventory = vectorize(make_mask_file(mask), probability=probability, area=area)
    table = inventory.landslides
    assert table["pixels"].tolist() == [11, 4]
    assert table["flags"].tolist() == ["aoi-edge", "cloud-edge"]
    assert table["confidence"].tolist() == [3, 2]
    assert table["masked_m"].tolist() == pytest.approx([np.hypot(80, 20), 0], abs=0.01)
    assert inventory.run["masked_share"]["nodata"] == pytest.approx(2 / (12 * 40), abs=1e-6)
    assert "aoi-edge" in FLAGS
    whole = vectorize(make_mask_file(mask), area=shapely.box(*grid.bounds)).landslides
    assert whole["flags"].tolist() == [
        "cloud-edge",
        "cloud-edge",
    ], "what is hidden inside the area still counts"


def test_change_uncertainty_and_vegetation(
    make_mask_file, make_probability, make_stack_file, tmp_path
) -> None:
    mask = three_slides()
    grid = grid_of_shape(mask.shape)
    change = tmp_path / "change.tif"
    with RasterWriter(
        change, grid, dtype="float32", bands=["dNDVI", "dBrightness"], nodata=np.nan
    ) as writer:
        writer.write(
            np.stack([np.where(mask == 1, -0.4, 0.0), np.full(mask.shape, 250.0)]).astype(
                np.float32
            )
        )
    stack = make_stack_file(
        plane(mask.shape, 0, 0.4), B08=np.full(mask.shape, 3000.0), B04=np.full(mask.shape, 1000.0)
    )
    spread = make_probability(np.where(mask == 1, 0.1, 0.0), name="uncertainty.tif")
    inventory = vectorize(make_mask_file(mask), stack=stack, uncertainty=spread, change=change)
    table = inventory.landslides
    assert table["ndvi_change"].tolist() == pytest.approx([-0.4] * 3)
    assert table["brightness_change"].tolist() == pytest.approx([250.0] * 3)
    assert table["ndvi"].tolist() == pytest.approx([0.5] * 3)
    assert table["uncertainty"].tolist() == pytest.approx([0.1] * 3, abs=1e-3)
    assert table["agreement"].tolist() == pytest.approx([0.8] * 3, abs=1e-3)
    with RasterWriter(change, grid, dtype="float32", bands=["a", "b"]) as writer:
        writer.write(np.zeros((2, *mask.shape), np.float32))
    with pytest.raises(ChannelError, match="dNDVI"):
        vectorize(make_mask_file(mask), change=change)


def test_degrees_give_geodesic_areas_and_lengths(make_mask_file) -> None:
    step = 10 / 111_320
    grid = Grid(CRS.from_epsg(4326), Affine(step, 0, 121, 0, -step, 46), (80, 60))
    mask = np.zeros(grid.shape, np.uint8)
    mask[10:60, 20:30] = 1
    (row,) = vectorize(make_mask_file(mask, grid)).landslides.to_dict("records")
    expected = float((grid.pixel_area_m2()[10:60] * 10).sum())
    assert row["area_m2"] == pytest.approx(expected, rel=1e-6)
    width, height = (float(v[35]) for v in grid.pixel_size_m())
    assert row["axis_m"] == pytest.approx(50 * height, rel=1e-3)
    assert row["perimeter_m"] == pytest.approx(2 * (50 * height + 10 * width), rel=1e-3)


@pytest.mark.parametrize(
    ("epsg", "x", "y"),
    [(3857, 1_000_000, 8_399_738), (3413, -400_000, -2_800_000), (6933, 2_000_000, 6_300_000)],
    ids=["web Mercator", "polar stereographic", "equal-area cylinder"],
)
def test_the_minimum_mapping_unit_is_of_the_ground(
    make_mask_file, epsg: int, x: float, y: float
) -> None:
    """Of two squares the larger one alone reaches the unit, whatever map units say."""
    mask = np.zeros((60, 60), np.uint8)
    mask[10:20, 10:20] = 1
    mask[30:43, 30:43] = 1
    grid = Grid(CRS.from_epsg(epsg), Affine(10, 0, x, 0, -10, y), mask.shape)
    small, large = grid.pixel_area_m2()[15] * 100, grid.pixel_area_m2()[36] * 169
    unit = (small + large) / 2
    inventory = vectorize(make_mask_file(mask, grid), config=VectorizeConfig(min_area_m2=unit))
    assert inventory.landslides["area_m2"].tolist() == pytest.approx([large], rel=0.01)
    both = vectorize(make_mask_file(mask, grid), config=VectorizeConfig(min_area_m2=small * 0.98))
    assert len(both) == 2


def test_landslides_across_the_date_line_have_their_place(make_mask_file, tmp_path: Path) -> None:
    """Fiji: one in UTM, one in degrees beyond 180; both lie at 180 degrees, not at 0."""
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:30] = 1
    east, north = pyproj.Transformer.from_crs(4326, 32760, always_xy=True).transform(180, -16.8)
    utm = Grid(CRS.from_epsg(32760), Affine(10, 0, east - 200, 0, -10, north + 200), mask.shape)
    step = 9e-5
    degrees = Grid(
        CRS.from_epsg(4326), Affine(step, 0, 180 - 20 * step, 0, -step, -16.8), mask.shape
    )
    for grid in (utm, degrees):
        inventory = vectorize(make_mask_file(mask, grid))
        (row,) = inventory.landslides.to_dict("records")
        pixel = float(grid.pixel_area_m2()[15])
        assert row["area_m2"] == pytest.approx(200 * pixel, rel=0.002)
        (written,) = export_inventory(inventory, tmp_path / "i.geojson")
        (shape,) = [f["geometry"] for f in json.loads(written.read_text())["features"]]
        parts = shapely.geometry.shape(shape).geoms
        assert len(parts) == 2
        for part in parts:
            west, _, right, _ = part.bounds
            assert right - west < 0.01
            assert min(abs(abs(west) - 180), abs(abs(right) - 180)) < 1e-6
        (table,) = export_inventory(inventory, tmp_path / "i.csv")
        (record,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
        assert abs(abs(float(record["longitude"])) - 180) < 0.001


def test_web_mercator_is_not_taken_for_metres(make_mask_file) -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:20] = 1
    grid = Grid(
        CRS.from_epsg(3857), Affine(10, 0, 1_000_000, 0, -10, 8_399_738), mask.shape
    )  # 60 degrees north
    for outline in ("exact", "smooth"):
        inventory = vectorize(make_mask_file(mask, grid), config=VectorizeConfig(outline=outline))
        assert inventory.landslides["area_m2"][0] == pytest.approx(10_000 / 4, rel=0.02)
        assert inventory.landslides["axis_m"][0] == pytest.approx(50, rel=0.05)


def test_empty_mask_gives_an_empty_inventory(make_mask_file, make_stack_file) -> None:
    mask = np.zeros((20, 20), np.uint8)
    for outline in ("exact", "smooth"):
        config = VectorizeConfig(outline=outline, split="flow")
        inventory = vectorize(
            make_mask_file(mask), stack=make_stack_file(plane(mask.shape, 0, 1)), config=config
        )
        assert len(inventory) == 0
        assert inventory.run["landslides"] == 0
        assert inventory.aoi.area == 40_000


def test_one_giant_polygon_with_many_holes(make_mask_file) -> None:
    mask = np.ones((300, 300), np.uint8)
    mask[1:-1:2, 1:-1:2] = 0
    inventory = vectorize(make_mask_file(mask))
    (shape,) = inventory.landslides.geometry
    assert shape.is_valid
    assert shape.area == mask.sum() * 100
    assert len(shape.geoms[0].interiors) == 149 * 149


def test_statistics_do_not_depend_on_strips(
    make_mask_file, make_probability, make_stack_file, monkeypatch
) -> None:
    rng = np.random.default_rng(5)
    mask = (rng.random((90, 70)) < 0.5).astype(np.uint8)
    dem = plane(mask.shape, 0.3, 0.2) + rng.random(mask.shape)
    parts = make_mask_file(mask), make_probability(rng.random(mask.shape)), make_stack_file(dem)
    config = VectorizeConfig(min_area_m2=0)
    whole = vectorize(parts[0], probability=parts[1], stack=parts[2], config=config).landslides
    monkeypatch.setattr("engine.inventory.runs.STRIP_BYTES", 70 * 4 * 10 * 7)
    strips = vectorize(parts[0], probability=parts[1], stack=parts[2], config=config).landslides
    names = [f.name for f in FIELDS if f.kind == "real"]
    np.testing.assert_allclose(
        whole[names].to_numpy(float), strips[names].to_numpy(float), rtol=1e-6
    )


def test_zonal_statistics_equal_plain_numpy() -> None:
    rng = np.random.default_rng(1)
    mask, values = rng.random((40, 50)) < 0.4, rng.normal(size=(40, 50))
    values[rng.random(mask.shape) < 0.1] = np.nan
    runs = label_runs(find_runs(mask, mask.shape), 8)
    grid = grid_of_shape(mask.shape)

    def read(window) -> np.ndarray:
        return values[
            None,
            window.row_off : window.row_off + window.height,
            window.col_off : window.col_off + window.width,
        ]

    result = zonal_statistics(runs, grid, ["v"], read)["v"]
    labels = zonal.np.full(mask.shape, -1)
    for r, a, b, label in zip(runs.row, runs.start, runs.stop, runs.label, strict=True):
        labels[r, a:b] = label
    for label in range(runs.count):
        inside = values[labels == label]
        known = inside[~np.isnan(inside)]
        assert result.count[label] == len(known)
        if len(known):
            assert result.mean[label] == pytest.approx(known.mean())
            assert (result.minimum[label], result.maximum[label]) == (known.min(), known.max())
            assert values[tuple(result.highest[label])] == known.max()
            assert values[tuple(result.lowest[label])] == known.min()
        else:
            assert np.isnan(result.mean[label])
            assert result.highest[label].tolist() == [-1, -1]


def test_bad_input(make_mask_file, make_probability, tmp_path, capsys) -> None:
    mask = make_mask_file(three_slides())
    with pytest.raises(GridError, match="grid"):
        vectorize(mask, probability=make_probability(np.zeros((9, 9))))
    with pytest.raises(NoValidPixelsError, match="no data"):
        vectorize(make_mask_file(np.full((4, 4), 255)))
    for bad in (
        {"min_area_m2": -1},
        {"connectivity": 6},
        {"split": "magic"},
        {"outline": "round"},
        {"fill_holes_m2": float("nan")},
    ):
        with pytest.raises(ConfigError):
            VectorizeConfig(**bad)
    for method, message in (("probability", "probability raster"), ("flow", "DEM")):
        with pytest.raises(ConfigError, match=message):
            vectorize(make_mask_file(three_slides()), config=VectorizeConfig(split=method))
    out = str(tmp_path / "o.gpkg")
    assert main(["vectorize", "--out", out]) == 2
    assert main(["vectorize", "--probability", str(tmp_path / "no.tif"), "--out", out]) == 2
    assert (
        main(["vectorize", "--probability", str(mask.path), "--threshold", "3", "--out", out]) == 2
    )
    assert "Traceback" not in capsys.readouterr().err


def test_command_line_writes_the_inventory(make_probability, tmp_path, capsys) -> None:
    probability = make_probability(np.where(three_slides() == 1, 0.8, 0.1))
    out = tmp_path / "new" / "o.gpkg"
    assert (
        main(
            [
                "vectorize",
                "--probability",
                str(probability.path),
                "--min-area",
                "500",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert "landslides  2" in capsys.readouterr().out
    assert out.exists()


def test_command_line_draws_anew_as_it_was_drawn_before(make_probability, tmp_path) -> None:
    probability = make_probability(np.where(three_slides() == 1, 0.8, 0.1))
    out = tmp_path / "o.gpkg"
    words = ["vectorize", "--probability", str(probability.path), "--out", str(out)]
    assert last_run(out) == {}
    drawn = []
    for given in (
        ["--min-area", "500", "--outline", "smooth"],
        [],
        ["--min-area", "0", "--connectivity", "4"],
    ):
        assert main([*words, *given]) == 0
        drawn.append((VectorizeConfig.of_run(last_run(out)), len(read_inventory(out).landslides)))
    assert drawn == [
        (VectorizeConfig(min_area_m2=500, outline="smooth"), 2),
        (VectorizeConfig(min_area_m2=500, outline="smooth"), 2),
        (VectorizeConfig(min_area_m2=0, outline="smooth", connectivity=4), 3),
    ]


@pytest.mark.parametrize(
    "noted",
    [
        "x",
        {"polygons": "x"},
        {"polygons": {"min_area_m2": None, "outline": "round", "split": [], "later": 1}},
    ],
)
def test_a_record_that_tells_otherwise_tells_nothing(noted) -> None:
    assert VectorizeConfig.of_run({"parameters": noted}) == VectorizeConfig()


def test_command_line_does_not_split_by_what_is_not_there_any_more(
    make_mask_file, make_probability, tmp_path, capsys
) -> None:
    probability = make_probability(np.where(three_slides() == 1, 0.8, 0.1))
    out = tmp_path / "o.gpkg"
    drawn = vectorize(make_mask_file(three_slides()), config=VectorizeConfig(outline="smooth"))
    record = {**drawn.run, "parameters": {"polygons": {"split": "flow", "outline": "smooth"}}}
    write_geopackage(replace(drawn, run=record), out)
    assert main(["vectorize", "--probability", str(probability.path), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "o.gpkg were split by flow" in said
    assert "As in o.gpkg before: outline smooth." in said
    assert VectorizeConfig.of_run(last_run(out)) == VectorizeConfig(outline="smooth")
    assert (
        main(
            [
                "vectorize",
                "--probability",
                str(probability.path),
                "--split",
                "flow",
                "--out",
                str(out),
            ]
        )
        == 2
    )


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0 but damaged"])
def test_what_is_no_inventory_tells_nothing_of_a_run(content, tmp_path) -> None:
    file = tmp_path / "file.gpkg"
    if content is not None:
        file.write_bytes(content)
    assert VectorizeConfig.of_run(last_run(file)) == VectorizeConfig()
