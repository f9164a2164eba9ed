"""Stacks from rasters."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from shapely.geometry import Polygon, box

from engine.bands import QUALITY_CLASSES
from engine.errors import (
    CancelledError,
    ChannelError,
    ConfigError,
    InventoryError,
    MissingCRSError,
    MissingFileError,
    NoOverlapError,
    NoValidPixelsError,
    OutputError,
    ProductError,
    UnreadableFileError,
)
from engine.events import Event, Log, Progress, Reporter
from engine.handles import Stack
from engine.scene.area import area_window
from engine.scene.lattice import ten_metre_grid, union
from engine.scene.simulation.simulate import SimulatedScene
from engine.scene.stack import StackConfig, make_stack, stack_provenance

RNG = np.random.default_rng(0)
DN = RNG.integers(200, 4000, (60, 60)).astype(np.uint16)
DN_20 = RNG.integers(200, 4000, (30, 30)).astype(np.uint16)
DN_60 = RNG.integers(200, 4000, (10, 10)).astype(np.uint16)
HEIGHTS = np.add.outer(np.arange(80), 3 * np.arange(80)).astype(np.int16) + 500


def read(stack: Stack, *channels: str) -> np.ndarray:
    with stack.reader() as reader:
        return reader.read(channels or stack.channels)


def band_folder(folder: Path, write_raster: Any) -> Path:
    write_raster(folder / "B02.tif", DN)
    write_raster(folder / "B05.tif", DN_20, pixel=20.0)
    write_raster(folder / "B01.tif", DN_60, pixel=60.0)
    return folder


def test_a_folder_of_mixed_resolutions_becomes_one_stack(tmp_path: Path, write_raster: Any) -> None:
    folder = band_folder(tmp_path / "bands", write_raster)
    dem = write_raster(tmp_path / "dem.tif", HEIGHTS, pixel=12.5, corner=(299900, 2600140))
    stack = make_stack([folder], [dem], out=tmp_path / "out" / "stack.tif")
    assert stack.channels == ("B01", "B02", "B05", "slope", "DEM")
    assert stack.grid.resolution_m() == 10
    b01, b02, b05, slope, height = read(stack)
    assert_array_equal(b02, DN)
    assert_array_equal(b05, DN_20.repeat(2, 0).repeat(2, 1))
    assert_array_equal(b01, DN_60.repeat(6, 0).repeat(6, 1))
    assert_allclose(slope, np.degrees(np.arctan(np.hypot(1, 3) / 12.5)), atol=0.3)
    assert height.min() > 500
    assert not stack.has_quality


def test_files_and_multiband_images_give_the_same_stack(tmp_path: Path, write_raster: Any) -> None:
    one = write_raster(tmp_path / "all.tif", np.stack([DN, DN[::-1]]), names=("blue", "B8"))
    files = [
        write_raster(tmp_path / "x_B02_10m.tif", DN),
        write_raster(tmp_path / "x_B08_10m.tif", DN[::-1]),
    ]
    first = make_stack([one], [], out=tmp_path / "1.tif")
    second = make_stack(files, [], out=tmp_path / "2.tif")
    assert first.channels == second.channels == ("B02", "B08")
    assert_array_equal(read(first), read(second))


def test_bands_in_another_crs_are_warped_onto_the_reference(
    tmp_path: Path, write_raster: Any
) -> None:
    from rasterio.crs import CRS
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    smooth = (1000 + 10 * np.add.outer(np.arange(60), np.arange(60))).astype(np.uint16)
    b02 = write_raster(tmp_path / "B02.tif", smooth)
    with rasterio.open(b02) as source:
        target = CRS.from_epsg(4326)
        transform, width, height = calculate_default_transform(
            source.crs, target, 60, 60, *source.bounds
        )
        warped = np.zeros((height, width), np.uint16)
        reproject(
            smooth,
            warped,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=transform,
            dst_crs=target,
            src_nodata=0,
            dst_nodata=0,
            resampling=Resampling.bilinear,
        )
    with rasterio.open(
        tmp_path / "B03.tif",
        "w",
        driver="GTiff",
        count=1,
        height=height,
        width=width,
        dtype="uint16",
        crs=target,
        transform=transform,
        nodata=0,
    ) as dataset:
        dataset.write(warped, 1)
    stack = make_stack([b02, tmp_path / "B03.tif"], [], out=tmp_path / "s.tif")
    blue, green = read(stack)
    assert stack.grid.crs_name == "EPSG:32651"
    valid = np.isfinite(green)
    assert valid.mean() > 0.9
    assert np.abs(blue - green)[valid].max() <= 20


def test_imagery_in_degrees_keeps_its_own_grid(tmp_path: Path, write_raster: Any) -> None:
    pixel, corner = 8.983152841195215e-05, (141.9, 42.77)
    image = write_raster(tmp_path / "B02.tif", DN, epsg=4326, pixel=pixel, corner=corner)
    dem = write_raster(
        tmp_path / "dem.tif",
        HEIGHTS[:30, :30],
        epsg=4326,
        pixel=3 * pixel,
        corner=(141.899, 42.771),
    )
    stack = make_stack([image], [dem], out=tmp_path / "s.tif")
    assert_array_equal(read(stack, "B02")[0], DN)
    width, height = (float(sizes[0]) * 3 for sizes in stack.grid.pixel_size_m())
    expected = np.degrees(np.arctan(np.hypot(3 / width, 1 / height)))
    assert np.nanmedian(read(stack, "slope")) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("first", ["east", "west"])
def test_images_on_both_sides_of_the_date_line_lie_side_by_side(
    tmp_path: Path, write_raster: Any, first: str
) -> None:
    """Not a world apart, in a stack of 3.6 million columns."""
    corners = {"west": (179.99, -16.8), "east": (-180.0, -16.8)}
    files = {
        side: write_raster(
            tmp_path / f"{side}.tif",
            np.full((3, 100, 100), value, np.uint16),
            epsg=4326,
            pixel=1e-4,
            corner=corners[side],
            names=("B02", "B03", "B04"),
        )
        for side, value in (("west", 800), ("east", 600))
    }
    order = sorted(files, key=lambda side: side != first)
    stack = make_stack([files[side] for side in order], [], out=tmp_path / "stack.tif")
    with rasterio.open(stack.path) as dataset:
        values = dataset.read(1)
    assert values.shape == (100, 200)
    assert (values[:, :100] == 800).all()
    assert (values[:, 100:] == 600).all()


def test_coarse_imagery_in_degrees_gets_a_utm_grid_of_ten_metres(
    tmp_path: Path, write_raster: Any
) -> None:
    image = write_raster(tmp_path / "B11.tif", DN_20, epsg=4326, pixel=2e-4, corner=(141.9, 42.77))
    stack = make_stack([image], [], out=tmp_path / "s.tif")
    assert stack.grid.crs_name == "EPSG:32654"
    assert stack.grid.pixel_size == (10, 10)
    assert stack.grid.transform.c % 10 == 0


def test_values_that_are_no_data_are_nan(tmp_path: Path, write_raster: Any) -> None:
    values = DN.astype(np.float32)
    values[0, :4] = [np.nan, np.inf, -np.inf, -9999]
    image = write_raster(tmp_path / "a.tif", values, names=("B02",), nodata=-9999)
    plain = DN.copy()
    plain[1, 1] = 0
    second = write_raster(tmp_path / "b.tif", plain, names=("B03",))
    blue, green = read(make_stack([image, second], [], out=tmp_path / "s.tif"))
    assert np.isnan(blue[0, :4]).all()
    assert np.isnan(blue).sum() == 4
    assert np.isnan(green[1, 1])
    assert np.isnan(green).sum() == 1


def test_reflectance_becomes_dn(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "r.tif", DN.astype(np.float32) / 10000, names=("B02",))
    scaled = write_raster(tmp_path / "s.tif", DN + np.uint16(1000), names=("B03",))
    with rasterio.open(scaled, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.0001,), (-0.1,)
    stack = make_stack([image, scaled], [], out=tmp_path / "stack.tif")
    for band in read(stack):
        assert_allclose(band, DN, atol=1)


def test_dn_beyond_int16_are_clipped(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", np.full((20, 20), 60000, np.uint16))
    assert (read(make_stack([image], [], out=tmp_path / "s.tif")) == 32767).all()


@pytest.mark.parametrize(("name", "offset"), [("N0400", -1000), ("N0301", 0), ("N9999", 0)])
def test_the_offset_of_the_baseline_is_read_from_the_name(
    tmp_path: Path, write_raster: Any, name: str, offset: int
) -> None:
    folder = tmp_path / f"S2A_MSIL2A_20220706T085611_{name}_R007_T33NZA_20220706T153419"
    write_raster(folder / "B02.tif", DN + np.uint16(1000))
    out = tmp_path / "s.tif"
    assert_array_equal(read(make_stack([folder], [], out=out))[0], DN + 1000.0 + offset)
    facts = stack_provenance(out)["imagery"][0]
    assert (facts["level"], facts["date"], facts["dn_offsets"]) == (
        "L2A",
        "2022-07-06",
        {"B02": offset},
    )
    forced = make_stack([folder], [], out=out, config=StackConfig(dn_offset=-50))
    assert_array_equal(read(forced)[0], DN + 950.0)


def test_neighbouring_products_are_mosaicked_and_zones_are_not(
    tmp_path: Path, write_raster: Any
) -> None:
    west = write_raster(tmp_path / "w" / "B02.tif", DN[:, :40]).parent
    hole = DN.copy()[:, 30:]
    east = write_raster(tmp_path / "e" / "B02.tif", hole, corner=(300300, 2600040)).parent
    stack = make_stack([west, east], [], out=tmp_path / "s.tif")
    assert_array_equal(read(stack)[0], DN)
    other = write_raster(tmp_path / "z" / "B02.tif", DN, epsg=32652).parent
    with pytest.raises(ProductError, match="one stack for each zone"):
        make_stack([west, other], [], out=tmp_path / "t.tif")
    more = write_raster(tmp_path / "m" / "B03.tif", DN).parent
    with pytest.raises(ProductError, match="one level only"):
        make_stack([west, more], [], out=tmp_path / "t.tif")


def test_smooth_kernels_differ_from_nearest_only_in_coarse_bands(
    tmp_path: Path, write_raster: Any
) -> None:
    folder = band_folder(tmp_path / "bands", write_raster)
    near = make_stack([folder], [], out=tmp_path / "n.tif")
    smooth = make_stack(
        [folder], [], out=tmp_path / "b.tif", config=StackConfig(resampling="bilinear")
    )
    assert_array_equal(read(near, "B02"), read(smooth, "B02"))
    rough, even = (np.abs(np.diff(read(stack, "B05")[0], axis=1)).max() for stack in (near, smooth))
    assert even < 0.8 * rough
    assert stack_provenance(smooth.path)["resampling"] == "bilinear"


# -- area


def test_an_area_is_snapped_outward(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    config = StackConfig(bounds=(300101, 2599800, 300139, 2599899))
    stack = make_stack([image], [], out=tmp_path / "s.tif", config=config)
    assert stack.grid.bounds == (300100, 2599800, 300140, 2599900)
    assert_array_equal(read(stack)[0], DN[14:24, 10:14])


def test_an_aoi_of_any_crs_and_format_gives_the_same_area(
    tmp_path: Path, write_raster: Any
) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    area = geopandas.GeoSeries([box(300105, 2599805, 300195, 2599895)], crs=32651)
    grids = []
    for name, crs in (("a.gpkg", 32651), ("a.geojson", 4326), ("a.shp", 3857)):
        area.to_crs(crs).to_frame("geometry").to_file(tmp_path / name)
        config = StackConfig(aoi=tmp_path / name)
        grids.append(make_stack([image], [], out=tmp_path / "s.tif", config=config).grid)
    assert grids[0].bounds == (300100, 2599800, 300200, 2599900)
    for grid in grids[1:]:
        left, bottom, right, top = grid.bounds
        assert box(left, bottom, right, top).covers(box(300105, 2599805, 300195, 2599895))
        assert max(grid.shape) <= 12


def test_an_inventory_as_aoi_gives_the_area_that_it_covers(
    tmp_path: Path, write_raster: Any, recwarn: pytest.WarningsRecorder
) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    for layer, shape in (
        ("landslides", box(300105, 2599805, 300115, 2599815)),
        ("aoi", box(300105, 2599805, 300195, 2599895)),
    ):
        geopandas.GeoSeries([shape], crs=32651).to_frame("geometry").to_file(
            tmp_path / "inventory.gpkg", layer=layer
        )
    stack = make_stack(
        [image], [], out=tmp_path / "s.tif", config=StackConfig(aoi=tmp_path / "inventory.gpkg")
    )
    assert stack.grid.bounds == (300100, 2599800, 300200, 2599900)
    assert not [warning for warning in recwarn if "layer" in str(warning.message)]


def test_bounds_may_be_in_another_crs(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    area = geopandas.GeoSeries([box(300105, 2599805, 300195, 2599895)], crs=32651).to_crs(4326)
    config = StackConfig(bounds=tuple(area.total_bounds), bounds_crs="EPSG:4326")
    stack = make_stack([image], [], out=tmp_path / "s.tif", config=config)
    assert 9 <= stack.grid.rows <= 12


@settings(max_examples=50)
@given(data=st.data())
def test_the_window_of_bounds_covers_them_with_less_than_a_pixel_to_spare(
    data: st.DataObject,
) -> None:
    from affine import Affine
    from rasterio.crs import CRS

    from engine.grid import Grid

    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2600040), (100, 100))
    x0, width = data.draw(st.floats(300000, 300900)), data.draw(st.floats(0.1, 100))
    y0, height = data.draw(st.floats(2599040, 2599940)), data.draw(st.floats(0.1, 100))
    x, y = (x0, x0 + width), (y0, y0 + height)
    left, bottom, right, top = grid.subgrid(
        area_window(grid, aoi=None, bounds=(x[0], y[0], x[1], y[1]))
    ).bounds
    slack = 1e-4
    spare = np.array([x[0] - left, right - x[1], y[0] - bottom, top - y[1]])
    assert (spare > -slack).all()
    assert (spare < 10 + slack).all()


def test_unusable_areas_get_a_sentence(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)

    def stack(**options: Any) -> None:
        make_stack([image], [], out=tmp_path / "s.tif", config=StackConfig(**options))

    def aoi(name: str, shapes: list[Any]) -> Path:
        geopandas.GeoDataFrame(geometry=geopandas.GeoSeries(shapes, crs=32651)).to_file(
            tmp_path / name
        )
        return tmp_path / name

    with pytest.raises(NoOverlapError, match="outside"):
        stack(bounds=(400000, 2599800, 400100, 2599900))
    with pytest.raises(ConfigError, match="empty"):
        stack(bounds=(300100, 2599900, 300200, 2599800))
    with pytest.raises(ConfigError, match="give one of them"):
        stack(bounds=(300100, 2599800, 300200, 2599900), aoi=tmp_path / "a.gpkg")
    with pytest.raises(ConfigError, match="EPSG:4326"):
        stack(bounds=(300100, 2599800, 300200, 2599900), bounds_crs="nonsense")
    with pytest.raises(MissingFileError):
        stack(aoi=tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("no vector")
    with pytest.raises(UnreadableFileError):
        stack(aoi=tmp_path / "text.gpkg")
    bow = Polygon([(300100, 2599800), (300200, 2599900), (300200, 2599800), (300100, 2599900)])
    with pytest.raises(InventoryError, match=r"invalid .*Fix geometries"):
        stack(aoi=aoi("bow.gpkg", [bow]))
    with pytest.raises(NoOverlapError):
        stack(aoi=aoi("far.gpkg", [box(500000, 0, 500100, 100)]))
    nocrs = aoi("nocrs.shp", [box(300100, 2599800, 300200, 2599900)])
    nocrs.with_suffix(".prj").unlink()
    with pytest.raises(MissingCRSError):
        stack(aoi=nocrs)
    with pytest.raises(InventoryError, match="no geometry"):
        stack(aoi=aoi("empty.gpkg", [Polygon()]))
    for layer in ("roads", "rivers"):
        geopandas.GeoSeries([bow], crs=32651).to_frame("geometry").to_file(
            tmp_path / "several.gpkg", layer=layer
        )
    with pytest.raises(ConfigError, match=r"has the layers .*r.*, and none is named aoi"):
        stack(aoi=tmp_path / "several.gpkg")
    assert not (tmp_path / "s.tif").exists()


# -- bad input


def test_unusable_imagery_gets_a_sentence(tmp_path: Path, write_raster: Any) -> None:
    def stack(*imagery: Path, dem: tuple[Path, ...] = ()) -> None:
        make_stack(imagery, dem, out=tmp_path / "s.tif")

    good = write_raster(tmp_path / "B02.tif", DN)
    with pytest.raises(ProductError, match="No imagery"):
        stack()
    with pytest.raises(MissingFileError):
        stack(tmp_path / "none.tif")
    with pytest.raises(MissingCRSError, match="gdal_edit"):
        stack(write_raster(tmp_path / "nocrs" / "B02.tif", DN, epsg=None))
    with pytest.raises(ChannelError, match="named after"):
        stack(write_raster(tmp_path / "x.tif", np.stack([DN, DN])))
    with pytest.raises(ChannelError, match="more than one band named B02"):
        stack(write_raster(tmp_path / "y.tif", np.stack([DN, DN]), names=("B02", "blue")))
    with pytest.raises(ChannelError, match="8-bit picture"):
        stack(write_raster(tmp_path / "pic" / "B02.tif", DN.astype(np.uint8)))
    with pytest.raises(NoValidPixelsError, match="nodata"):
        stack(write_raster(tmp_path / "void" / "B02.tif", np.zeros_like(DN)))
    with pytest.raises(NoOverlapError, match="does not cover"):
        stack(good, dem=(write_raster(tmp_path / "far.tif", HEIGHTS, corner=(500000, 2600040)),))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProductError, match=r"no raster whose name tells a band"):
        stack(tmp_path / "empty")
    twice = write_raster(tmp_path / "twice" / "pre_B02.tif", DN).parent
    write_raster(twice / "post_B02.tif", DN)
    with pytest.raises(ProductError, match=r"2 files for B02 .*one date"):
        stack(twice)
    assert not list(tmp_path.glob("s.tif*"))


def test_a_truncated_geotiff_gets_a_sentence_that_names_it(
    tmp_path: Path, write_raster: Any
) -> None:
    noise = RNG.integers(1, 60000, (400, 400)).astype(np.uint16)
    write_raster(tmp_path / "B02.tif", noise)
    cut = write_raster(
        tmp_path / "B03.tif", noise, tiled=True, blockxsize=128, blockysize=128, compress="deflate"
    )
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with pytest.raises(UnreadableFileError, match=r"B03\.tif"):
        make_stack([tmp_path / "B02.tif", cut], [], out=tmp_path / "s.tif")
    assert not list(tmp_path.glob("s.tif*"))


def test_a_dem_that_covers_a_part_gives_a_warning_with_the_share(
    tmp_path: Path, write_raster: Any
) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    dem = write_raster(tmp_path / "half.tif", HEIGHTS[:, :24], pixel=12.5, corner=(300000, 2600140))
    heard: list[Event] = []
    stack = make_stack([image], [dem], out=tmp_path / "s.tif", reporter=Reporter(heard.append))
    (warning,) = [e.message for e in heard if isinstance(e, Log) and e.level == "warning"]
    assert "covers 50.0 %" in warning
    assert np.isnan(read(stack, "slope")).mean() == pytest.approx(0.5, abs=0.02)
    assert stack_provenance(stack.path)["dem_covered"] == pytest.approx(0.5, abs=0.02)


def test_a_dem_void_over_the_area_is_refused(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    heights = np.full((80, 200), -9999, np.int16)
    heights[:, 150:] = 700
    dem = write_raster(tmp_path / "d.tif", heights, pixel=12.5, nodata=-9999)
    with pytest.raises(NoOverlapError, match="only voids"):
        make_stack([image], [dem], out=tmp_path / "s.tif")


def test_an_output_that_cannot_be_written_is_refused(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "B02.tif", DN)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        make_stack([image], [], out=tmp_path / "file" / "s.tif")


def test_configurations_that_make_no_sense_are_refused() -> None:
    for wrong in ({"resampling": "magic"}, {"quality": "maybe"}, {"workers": -1}):
        with pytest.raises(ConfigError):
            StackConfig(**wrong)  # type: ignore[arg-type]


def test_cancelling_leaves_nothing(tmp_path: Path, write_raster: Any) -> None:
    image = write_raster(tmp_path / "big" / "B02.tif", np.tile(DN, (40, 20)))
    stop = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.done >= 1:
            stop.set()

    with pytest.raises(CancelledError):
        make_stack([image], [], out=tmp_path / "s.tif", reporter=Reporter(listen, stop.is_set))
    assert not list(tmp_path.glob("s.tif*"))


def test_progress_runs_to_its_end(tmp_path: Path, write_raster: Any) -> None:
    heard: list[Event] = []
    folder = band_folder(tmp_path / "bands", write_raster)
    make_stack([folder], [], out=tmp_path / "s.tif", reporter=Reporter(heard.append))
    steps = [event for event in heard if isinstance(event, Progress)]
    assert steps[-1].done == steps[-1].total == 3
    assert [step.done for step in steps] == sorted(step.done for step in steps)


# -- the simulated scene


def test_the_stack_of_a_simulated_scene_is_its_truth(
    tmp_path: Path, bands_scene: SimulatedScene
) -> None:
    stack = make_stack(bands_scene.imagery, bands_scene.dem, out=tmp_path / "s.tif")
    truth = Stack.open(bands_scene.stack)
    assert stack.channels == truth.channels
    for name in stack.channels:
        mine, true = read(stack, name), read(truth, name)
        if name == "slope":
            assert np.sqrt(np.mean((mine - true) ** 2)) < 1.5
        elif name == "DEM":
            assert np.abs(mine - true).max() < 3
        else:
            assert_array_equal(mine, true, err_msg=name)
    with stack.reader() as reader:
        quality = reader.quality()
    assert quality is not None
    share = stack_provenance(stack.path)["quality_share"]
    assert share["cloud"] == pytest.approx(
        float(np.mean(quality == QUALITY_CLASSES["cloud"])), abs=1e-6
    )
    assert 0.05 < share["cloud"] < 0.6
    plain = make_stack(
        bands_scene.imagery, [], out=tmp_path / "p.tif", config=StackConfig(quality="off")
    )
    assert not plain.has_quality


def test_several_pieces_and_workers_give_the_same_stack(
    tmp_path: Path, bands_scene: SimulatedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_stack(
        bands_scene.imagery, bands_scene.dem, out=tmp_path / "w.tif", config=StackConfig(workers=1)
    )
    monkeypatch.setattr("engine.scene.pieces.ROWS_PX", 37)
    monkeypatch.setattr("engine.scene.pieces.COLUMNS_PX", 53)
    monkeypatch.setattr("engine.scene.pieces.STRIPE_PX", 106)
    pieces = make_stack(
        bands_scene.imagery, bands_scene.dem, out=tmp_path / "p.tif", config=StackConfig(workers=4)
    )
    assert_allclose(read(pieces), read(whole), atol=0.21)


@given(rows=st.integers(1, 12000), columns=st.integers(1, 12000))
def test_pieces_cover_a_grid_once(rows: int, columns: int) -> None:
    from affine import Affine
    from rasterio.crs import CRS

    from engine.grid import Grid
    from engine.scene.pieces import pieces

    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 0, 0, -10, 0), (rows, columns))
    times = np.zeros((-(-rows // 512), -(-columns // 512)), int)
    for piece in pieces(grid):
        assert piece.col_off % 512 == piece.row_off % 512 == 0
        assert piece.col_off + piece.width <= columns
        assert piece.row_off + piece.height <= rows
        right, bottom = (
            -(-(piece.col_off + piece.width) // 512),
            -(-(piece.row_off + piece.height) // 512),
        )
        times[piece.row_off // 512 : bottom, piece.col_off // 512 : right] += 1
    assert (times == 1).all()


def test_grids_join_to_the_grid_around_them(tmp_path: Path, write_raster: Any) -> None:
    from engine.raster import grid_of, open_raster

    paths = [
        write_raster(tmp_path / f"{i}.tif", DN, corner=(300000 + 100 * i, 2600040 - 50 * i))
        for i in range(3)
    ]
    grids = []
    for path in paths:
        with open_raster(path) as dataset:
            grids.append(grid_of(dataset))
    around = union(grids)
    assert around.bounds == (300000, 2599340, 300800, 2600040)
    assert ten_metre_grid(around) is around
