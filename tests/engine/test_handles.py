from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.bands import QUALITY
from engine.errors import ChannelError, MissingCRSError, UnreadableFileError
from engine.grid import Grid
from engine.handles import (
    PROBABILITY_NODATA,
    LandslideMask,
    ProbabilityRaster,
    Stack,
    encode_probability,
)
from engine.raster import RasterWriter

GRID = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2500000), (30, 20))


def write(
    path: Path, names: list[str], dtype: str = "float32", nodata: float | None = None
) -> Path:
    with RasterWriter(path, GRID, dtype=dtype, bands=names, nodata=nodata) as writer:
        values = np.arange(len(names))[:, None, None] + np.zeros((1, 30, 20))
        writer.write(values.astype(dtype))
    return path


def test_bands_are_found_by_description_in_any_order(tmp_path: Path) -> None:
    stack = Stack.open(write(tmp_path / "s.tif", ["DEM", "red", "B02", QUALITY, "B8A", "slope"]))
    assert stack.channels == ("B02", "B04", "slope", "DEM")
    assert stack.has_quality
    assert stack.grid.same_as(GRID)
    with stack.reader() as reader:
        values = reader.read(["DEM", "B02"], Window(0, 0, 2, 3))
        quality = reader.quality(Window(0, 0, 2, 3))
    assert values.shape == (2, 3, 2)
    assert values[:, 0, 0].tolist() == [0, 2]
    assert quality is not None
    assert (quality == 3).all()


def test_a_stack_without_quality_band(tmp_path: Path) -> None:
    with Stack.open(write(tmp_path / "s.tif", ["B02"])).reader() as reader:
        assert reader.quality() is None


def test_unnamed_bands_and_repeated_names_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="none of its 2 bands"):
        Stack.open(write(tmp_path / "a.tif", ["", "something"]))
    with pytest.raises(ChannelError, match="both named B02"):
        Stack.open(write(tmp_path / "b.tif", ["B02", "blue"]))


@pytest.mark.parametrize("band", ["B02", "nir"])
def test_an_8_bit_picture_is_refused(band: str, tmp_path: Path) -> None:
    with pytest.raises(
        ChannelError, match=r"s\.tif is an 8-bit picture.*B0[28].*reflectance x 10000"
    ):
        Stack.open(write(tmp_path / "s.tif", ["slope", band], "uint8"))
    assert Stack.open(write(tmp_path / "t.tif", ["slope", "DEM"], "uint8")).channels == (
        "slope",
        "DEM",
    )


@pytest.mark.parametrize(
    ("dtype", "nodata", "empty"),
    [
        ("uint16", None, True),
        ("int32", None, True),
        ("uint16", 65535, False),
        ("float32", None, False),
    ],
)
def test_where_integers_are_0_in_all_optical_channels_there_is_no_data(
    dtype: str, nodata: float | None, empty: bool, tmp_path: Path
) -> None:
    names = ["slope", "B02", "B08", QUALITY]
    values = np.full((4, 30, 20), 7)
    values[1:3, :4] = 0  # both optical channels
    values[1, 4:8] = 0  # dark in one of them
    values[0, 20:] = 0  # flat ground
    with RasterWriter(
        tmp_path / "s.tif", GRID, dtype=dtype, bands=names, nodata=nodata, offsets=[0, -5, 0, 0]
    ) as writer:
        writer.write(values.astype(dtype))
    with Stack.open(tmp_path / "s.tif").reader() as reader:
        read = reader.read(["slope", "B02", "B08"])
        terrain = reader.read(["slope"])
    hole = np.isnan(read)
    assert hole[:, :4].all() == empty
    assert hole[:, 4:].sum() == 0
    assert read[:, 5, 0].tolist() == [7, -5, 7]
    assert not np.isnan(terrain).any()


def test_a_raster_without_crs_is_refused(tmp_path: Path) -> None:
    import rasterio

    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        width=4,
        height=4,
        count=1,
        dtype="uint8",
        transform=GRID.transform,
    ) as file:
        file.set_band_description(1, "B02")
    with pytest.raises(MissingCRSError, match=r"a\.tif"):
        Stack.open(tmp_path / "a.tif")


def test_probability_and_mask_have_one_band(tmp_path: Path) -> None:
    two = write(tmp_path / "two.tif", ["a", "b"], "uint8")
    with pytest.raises(UnreadableFileError, match="has 2 bands"):
        ProbabilityRaster.open(two)
    with pytest.raises(UnreadableFileError, match="has 2 bands"):
        LandslideMask.open(two)


def test_the_mask_reads_nodata_as_255(tmp_path: Path) -> None:
    with RasterWriter(
        tmp_path / "m.tif", GRID, dtype="uint8", bands=["landslide"], nodata=255
    ) as writer:
        values = np.zeros((1, 30, 20), np.uint8)
        values[0, 0, :3] = 1, 0, 255
        writer.write(values)
    assert LandslideMask.open(tmp_path / "m.tif").read(Window(0, 0, 3, 1)).tolist() == [[1, 0, 255]]


@given(
    arrays(np.float32, (5, 7), elements=st.one_of(st.floats(0, 1, width=32), st.just(float("nan"))))
)
def test_stored_probabilities_are_within_half_a_step(probability: np.ndarray) -> None:
    stored = encode_probability(probability)
    assert ((stored == PROBABILITY_NODATA) == np.isnan(probability)).all()
    known = ~np.isnan(probability)
    assert np.abs(stored[known] * 0.004 - probability[known]).max(initial=0) <= 0.002 + 1e-6
