import errno
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.shutil import copy
from rasterio.windows import Window

from engine.errors import (
    CancelledError,
    DiskFullError,
    GridError,
    MissingFileError,
    OutputError,
    UnreadableFileError,
)
from engine.events import Reporter
from engine.files import atomic_path, output_error, output_folder
from engine.grid import Grid
from engine.raster import RasterWriter, files_behind, grid_of, open_raster, read_window

GRID = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2500000), (700, 600))


def write(path: Path, **options: object) -> None:
    arguments = {
        "dtype": "int16",
        "bands": ["B02", "slope"],
        "nodata": -32768,
        "scales": [1, 0.01],
    } | options
    with RasterWriter(path, GRID, **arguments) as writer:  # type: ignore[arg-type]
        values = np.full((2, 700, 600), 1234, np.int16)
        values[:, 0, 0] = -32768
        writer.write(values)


def test_values_come_back_scaled_with_nan_for_nodata(tmp_path: Path) -> None:
    write(tmp_path / "a.tif")
    with open_raster(tmp_path / "a.tif") as dataset:
        values = read_window(dataset, [2, 1], Window(0, 0, 2, 2))
        assert grid_of(dataset).same_as(GRID)
        assert dataset.descriptions == ("B02", "slope")
        assert dataset.overviews(1) == [2]
    assert values.dtype == np.float32
    assert np.isnan(values[:, 0, 0]).all()
    assert values[:, 1, 1] == pytest.approx([12.34, 1234])


def test_infinities_and_nan_are_nodata(tmp_path: Path) -> None:
    with RasterWriter(tmp_path / "a.tif", GRID, dtype="float32", bands=["DEM"]) as writer:
        values = np.zeros((1, 700, 600), np.float32)
        values[0, 0, :3] = np.inf, -np.inf, np.nan
        writer.write(values)
    with open_raster(tmp_path / "a.tif") as dataset:
        read = read_window(dataset, [1], Window(0, 0, 4, 1))
    assert np.isnan(read[0, 0]).tolist() == [True, True, True, False]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with RasterWriter(tmp_path / "a.tif", GRID, dtype="uint8", bands=["x"]) as writer:
            writer.write(np.zeros((1, 10, 10), np.uint8), Window(0, 0, 10, 10))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_cancelling_while_overviews_are_built_stops_before_the_next_level(tmp_path: Path) -> None:
    """GDAL cannot be interrupted inside a level, so levels are built one by one."""
    grid = Grid(GRID.crs, GRID.transform, (2100, 600))
    checks: list[int] = []

    def asked() -> bool:
        checks.append(1)
        return len(checks) == 3

    def interrupted() -> None:
        with RasterWriter(
            tmp_path / "a.tif", grid, dtype="uint8", bands=["x"], reporter=Reporter(cancelled=asked)
        ) as writer:
            writer.write(np.zeros((1, 2100, 600), np.uint8))

    with pytest.raises(CancelledError):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    interrupted()
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.overviews(1) == [2, 4, 8]


def test_an_existing_file_stays_until_its_successor_is_complete(tmp_path: Path) -> None:
    write(tmp_path / "a.tif")
    before = (tmp_path / "a.tif").read_bytes()
    with (
        pytest.raises(RuntimeError),
        RasterWriter(tmp_path / "a.tif", GRID, dtype="uint8", bands=["x"]),
    ):
        raise RuntimeError
    assert (tmp_path / "a.tif").read_bytes() == before


def test_missing_damaged_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no file"), open_raster(tmp_path / "none.tif"):
        pass
    (tmp_path / "text.tif").write_text("not a raster")
    with (
        pytest.raises(UnreadableFileError, match="cannot be read"),
        open_raster(tmp_path / "text.tif"),
    ):
        pass


def test_a_truncated_geotiff_is_one_clear_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with RasterWriter(
        tmp_path / "a.tif", GRID, dtype="uint8", bands=["x"], overviews=False
    ) as writer:
        writer.write(rng.integers(0, 255, (1, 700, 600), np.uint8))
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(UnreadableFileError, match="truncated"),
        open_raster(tmp_path / "cut.tif") as dataset,
    ):
        read_window(dataset, [1])


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        output_folder(tmp_path / "file" / "sub")
    with pytest.raises(OutputError, match="cannot be written"):
        RasterWriter(tmp_path / "none" / "a.tif", GRID, dtype="uint8", bands=["x"])


def test_several_writers_may_check_one_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(output_folder, [tmp_path / "out"] * 400)) == {tmp_path / "out"}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path) -> None:
    error = output_error(tmp_path / "a.tif", OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(error, DiskFullError)
    assert not isinstance(
        output_error(tmp_path / "a.tif", OSError(errno.EACCES, "denied")), DiskFullError
    )


@pytest.mark.skipif(
    sys.platform != "linux", reason="limits the file size through the resource module"
)
def test_running_out_of_room_leaves_no_file(tmp_path: Path) -> None:
    # RLIMIT_FSIZE makes every write beyond it fail, as a full disk does, without filling one.
    program = """
import json, resource, signal, sys
from pathlib import Path
import numpy as np
from tests_grid import GRID
from engine.errors import OutputError
from engine.raster import RasterWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    path = Path(sys.argv[1])
    with RasterWriter(path, GRID, dtype="uint8", bands=["x"], overviews=False) as writer:
        writer.write(np.random.default_rng(0).integers(0, 255, (1, 700, 600), np.uint8))
except OutputError as error:
    print(json.dumps(str(error)))
"""
    (tmp_path / "tests_grid.py").write_text(
        "from affine import Affine\nfrom rasterio.crs import CRS\nfrom engine.grid import Grid\n"
        "GRID = Grid(CRS.from_epsg(32651), Affine(10, 0, 300000, 0, -10, 2500000), (700, 600))\n"
    )
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{program}",
            str(out / "a.tif"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be written" in json.loads(done.stdout) or "full" in json.loads(done.stdout)
    assert list(out.iterdir()) == []


def test_atomic_path_renames_on_success_only(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.json") as temporary:
        temporary.write_text("{}")
        assert temporary.suffix == ".json"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]

    def failing() -> None:
        with atomic_path(tmp_path / "b.json") as temporary:
            temporary.write_text("{")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        failing()
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_written_files_open_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", tags={"ENGINE_VERSION": "x"})
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.tags()["ENGINE_VERSION"] == "x"
        assert dataset.block_shapes[0] == (512, 512)
        assert dataset.nodata == -32768


@pytest.mark.parametrize(
    ("name", "part"), [("table.csv", "table.part.csv"), ("bundle", "bundle.part")]
)
def test_what_a_killed_run_left_is_cleared_away_first(tmp_path: Path, name: str, part: str) -> None:
    left = tmp_path / part
    if name == "bundle":
        left.mkdir()
        (left / "half").write_text("x")
    else:
        left.write_text("half")
    with atomic_path(tmp_path / name) as temporary:
        assert temporary == left
        assert not temporary.exists()
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_further_processes_of_one_run_have_temporary_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic_path(tmp_path / "a.json") as first:
        monkeypatch.setenv("RANK", "1")
        with atomic_path(tmp_path / "a.json") as second:
            assert first != second
            assert first.suffix == second.suffix == ".json"
            second.write_text("second")
        first.write_text("first")
    assert (tmp_path / "a.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_virtual_raster_stands_for_its_files(tmp_path: Path) -> None:
    """A record that names a temporary file tells nothing of where the imagery came from."""
    source = tmp_path / "S2A_image.tif"
    write(source)
    virtual = tmp_path / "temporary" / "image.vrt"
    virtual.parent.mkdir()
    copy(source, virtual, driver="VRT")
    assert files_behind(virtual) == [str(source)]
    assert files_behind(source) == [str(source)]
    assert files_behind(tmp_path) == [str(tmp_path)]


def raw_file(path: Path, values: np.ndarray, driver: str = "GTiff", **more: object) -> Path:
    options: dict[str, object] = {
        "crs": "EPSG:32651",
        "transform": Affine(10, 0, 300000, 0, -10, 2500000),
    } | more
    with rasterio.open(
        path,
        "w",
        driver=driver,
        count=1,
        height=values.shape[0],
        width=values.shape[1],
        dtype=values.dtype.name,
        **options,
    ) as dataset:
        dataset.write(values, 1)
    return path


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = raw_file(tmp_path / "slc.tif", np.ones((4, 4), np.complex64))
    with pytest.raises(UnreadableFileError, match="complex numbers"), open_raster(path):
        pass


@pytest.mark.parametrize(("scale", "offset"), [(np.inf, 0), (np.nan, 0), (0, 0), (1, -np.inf)])
def test_scales_that_are_no_numbers_are_refused(
    tmp_path: Path, scale: float, offset: float
) -> None:
    path = raw_file(tmp_path / "a.tif", np.ones((4, 4), np.int16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (scale,), (offset,)
    with (
        pytest.raises(UnreadableFileError, match=r"Band 1 of .* make no values"),
        open_raster(path),
    ):
        pass


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8", "uint32", "float64"])
def test_every_real_type_is_read(tmp_path: Path, dtype: str) -> None:
    path = raw_file(tmp_path / "a.tif", np.array([[1, 2], [3, 100]], dtype), nodata=100)
    with open_raster(path) as dataset:
        values = read_window(dataset, [1])[0]
    assert np.isnan(values[1, 1])
    assert values.ravel()[:3].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "transform",
    [
        Affine(float("nan"), 0, 0, 0, -10, 0),
        Affine(10, 0, float("inf"), 0, -10, 0),
        Affine(0, 0, 0, 0, 0, 0),
    ],
)
def test_a_georeference_that_is_no_number_is_refused(transform: Affine) -> None:
    with pytest.raises(GridError):
        Grid(CRS.from_epsg(32651), transform, (4, 4))


@pytest.mark.parametrize("data", ["i.dat", "i.img", "i", "i.bsq"])
def test_an_envi_raster_opens_by_its_header_and_by_its_data(tmp_path: Path, data: str) -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    raw_file(tmp_path / data, values, "ENVI")
    for name in ("i.hdr", data):
        with open_raster(tmp_path / name) as dataset:
            assert read_window(dataset, [1])[0].tolist() == values.tolist()
            assert dataset.crs.to_epsg() == 32651
    (tmp_path / data).unlink()
    with (
        pytest.raises(MissingFileError, match="header of an ENVI"),
        open_raster(tmp_path / "i.hdr"),
    ):
        pass


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_companions_are_read_and_none_is_written(tmp_path: Path) -> None:
    """Nodata, scale and CRS in .aux.xml, the grid in .tfw: as other programs leave them."""
    path = raw_file(
        tmp_path / "a.tif",
        np.array([[1, 7]], np.int16),
        crs=None,
        transform=None,
    )
    (tmp_path / "a.tfw").write_text("10\n0\n0\n-10\n300005\n2499995\n")
    srs = CRS.from_epsg(32651).to_wkt()
    (tmp_path / "a.tif.aux.xml").write_text(
        f'<PAMDataset><SRS>{srs}</SRS><PAMRasterBand band="1"><NoDataValue>7</NoDataValue>'
        "<Scale>0.5</Scale></PAMRasterBand></PAMDataset>"
    )
    before = sorted(tmp_path.iterdir())
    with open_raster(path) as dataset:
        assert grid_of(dataset).transform == Affine(10, 0, 300000, 0, -10, 2500000)
        assert grid_of(dataset).crs.to_epsg() == 32651
        values = read_window(dataset, [1])[0]
    assert values[0, 0] == 0.5
    assert np.isnan(values[0, 1])
    assert sorted(tmp_path.iterdir()) == before
