"""Writes a simulated scene as real products: SAFE and ALOS.

Names, folders, metadata values, JPEG 2000 tile sizes, the offset of processing baseline 04.00 and
masks are those of real products; parts that no reader of pixels looks at (footprints, sensor
angles, quality reports) are left out.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Literal

import rasterio
import rasterio.shutil

from engine.events import Reporter
from engine.files import atomic_path

STORED_OFFSET = 1000
BASELINE = "05.10"
_TILE = "T51QTG"
_JP2_BLOCK_PX = {10: 1024, 20: 640, 60: 192}
_IN_PROCESS_PX = 3000
_POLL_S = 0.2


@dataclass(frozen=True)
class SafeName:
    """The names in one product.

    Attributes:
        level: L1C or L2A.
        sensing: Time of acquisition as ``YYYYMMDDTHHMMSS``.
    """

    level: Literal["L1C", "L2A"]
    sensing: str

    @property
    def product(self) -> str:
        """Name of the SAFE folder."""
        day = self.sensing.split("T")[0]
        baseline = BASELINE.replace(".", "")
        return f"S2A_MSI{self.level}_{self.sensing}_N{baseline}_R089_{_TILE}_{day}T043212.SAFE"

    @property
    def granule(self) -> str:
        """Name of the granule's folder."""
        return f"{self.level}_{_TILE}_A047382_{self.sensing}"

    def band(self, name: str, resolution_m: int) -> str:
        """Path of a band below the granule's folder."""
        stem = f"{_TILE}_{self.sensing}_{name}"
        if self.level == "L1C":
            return f"IMG_DATA/{stem}.jp2"
        return f"IMG_DATA/R{resolution_m}m/{stem}_{resolution_m}m.jp2"


def write_safe(
    sources: Mapping[str, tuple[Path, int]],
    out: Path,
    *,
    name: SafeName,
    size_px: int,
    zipped: bool,
    reporter: Reporter,
) -> Path:
    """Make a product of band files.

    Args:
        sources: File and resolution in metres of each band (``B01`` …, stored values with the
            offset), of ``SCL`` for Level-2A and ``CLASSI`` for Level-1C.
        out: Folder in which the product is made.
        name: Level and date.
        size_px: Side of the scene in 10 m pixels.
        zipped: Whether the product is packed into a zip.
        reporter: Told about every band.

    Returns:
        The SAFE folder or the zip.
    """
    target = out / name.product
    if target.exists():
        shutil.rmtree(target)
    with atomic_path(target) as root:
        granule = root / "GRANULE" / name.granule
        jobs = []
        for band, (source, resolution) in sources.items():
            if band == "CLASSI":
                place = granule / "QI_DATA" / "MSK_CLASSI_B00.jp2"
            elif name.level == "L2A" and band == "B10":
                continue
            else:
                place = granule / name.band(band, resolution)
            place.parent.mkdir(parents=True, exist_ok=True)
            jobs.append((source, place, _JP2_BLOCK_PX[resolution]))
        _encode_all(jobs, size_px, reporter)
        (root / f"MTD_MSI{name.level}.xml").write_text(_product_metadata(name), encoding="utf-8")
        (granule / "MTD_TL.xml").write_text(
            _tile_metadata(size_px, sources["B02"][0]), encoding="utf-8"
        )
    if not zipped:
        return target
    packed = _pack(target, out / f"{target.name.removesuffix('.SAFE')}.zip", reporter)
    shutil.rmtree(target)
    return packed


def write_alos(dem: Path, out: Path, frame: int) -> Path:
    """Pack elevation as that of an ALOS PALSAR RTC product."""
    stem = f"AP_27000_FBD_F{frame:04d}_RT1"
    target = out / f"{stem}.zip"
    with (
        atomic_path(target) as path,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        archive.write(dem, f"{stem}/{stem}.dem.tif")
        archive.writestr(f"{stem}/{stem}.iso.xml", "<gmi:MI_Metadata/>\n")
    return target


def _pack(folder: Path, target: Path, reporter: Reporter) -> Path:
    with atomic_path(target) as path, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            reporter.check()
            archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return target


def encode_jp2(source: Path, target: Path, block_px: int) -> None:
    """Compress a raster as lossless JPEG 2000 with the tiles of real products."""
    with rasterio.Env(GDAL_CACHEMAX=64 * 2**20, GDAL_PAM_ENABLED="NO"):
        rasterio.shutil.copy(
            source,
            target,
            driver="JP2OpenJPEG",
            QUALITY="100",
            REVERSIBLE="YES",
            BLOCKXSIZE=block_px,
            BLOCKYSIZE=block_px,
            YCC="NO",
        )


def _encode_all(jobs: list[tuple[Path, Path, int]], size_px: int, reporter: Reporter) -> None:
    workers = os.cpu_count() or 1
    if size_px <= _IN_PROCESS_PX:
        with ThreadPoolExecutor(workers) as pool:
            for done, future in enumerate([pool.submit(encode_jp2, *job) for job in jobs]):
                reporter.progress("simulate JPEG 2000", done, len(jobs))
                future.result()
        return
    # Encoding one band of a full tile takes a minute and cannot be interrupted: in a process of its
    # own it can be ended.
    context = multiprocessing.get_context("spawn")
    waiting, done = list(jobs), 0
    running: list[SpawnProcess] = []
    try:
        while waiting or running:
            reporter.progress("simulate JPEG 2000", done, len(jobs))
            while waiting and len(running) < workers:
                process = context.Process(target=encode_jp2, args=waiting.pop(0), daemon=True)
                process.start()
                running.append(process)
            running[0].join(_POLL_S)
            for process in [p for p in running if p.exitcode is not None]:
                running.remove(process)
                done += 1
                if process.exitcode:
                    raise OSError(f"writing JPEG 2000 failed with code {process.exitcode}")
    finally:
        for process in running:
            process.terminate()
            process.join()


def _product_metadata(name: SafeName) -> str:
    tag, quantification = (
        ("BOA", "BOA_QUANTIFICATION_VALUE")
        if name.level == "L2A"
        else ("RADIO", "QUANTIFICATION_VALUE")
    )
    s = name.sensing
    start = f"{s[:4]}-{s[4:6]}-{s[6:8]}T{s[9:11]}:{s[11:13]}:{s[13:]}.024Z"
    offsets = "\n".join(
        f'        <{tag}_ADD_OFFSET band_id="{i}">-{STORED_OFFSET}</{tag}_ADD_OFFSET>'
        for i in range(13)
    )
    outer = f"Level-{name.level[1:]}_User_Product"
    holder = "QUANTIFICATION_VALUES_LIST" if name.level == "L2A" else "QUANTIFICATION"
    value = f'<{quantification} unit="none">10000</{quantification}>'
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:{outer} xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_{outer}.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>{start}</PRODUCT_START_TIME>
      <PRODUCT_URI>{name.product}</PRODUCT_URI>
      <PROCESSING_LEVEL>Level-{name.level[1:]}</PROCESSING_LEVEL>
      <PRODUCT_TYPE>S2MSI{name.level[1:]}</PRODUCT_TYPE>
      <PROCESSING_BASELINE>{BASELINE}</PROCESSING_BASELINE>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
      <{holder}>{value}</{holder}>
      <{tag}_ADD_OFFSET_VALUES_LIST>
{offsets}
      </{tag}_ADD_OFFSET_VALUES_LIST>
    </Product_Image_Characteristics>
  </n1:General_Info>
</n1:{outer}>
"""


def _tile_metadata(size_px: int, b02: Path) -> str:
    with rasterio.open(b02) as dataset:
        epsg, t = dataset.crs.to_epsg(), dataset.transform
    sizes = "\n".join(
        f'      <Size resolution="{r}"><NROWS>{size_px * 10 // r}</NROWS>'
        f"<NCOLS>{size_px * 10 // r}</NCOLS></Size>\n"
        f'      <Geoposition resolution="{r}"><ULX>{t.c:.0f}</ULX><ULY>{t.f:.0f}</ULY>'
        f"<XDIM>{r}</XDIM><YDIM>-{r}</YDIM></Geoposition>"
        for r in (10, 20, 60)
    )
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-1C_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-1C_Tile_Metadata.xsd">
  <n1:Geometric_Info>
    <Tile_Geocoding>
      <HORIZONTAL_CS_CODE>EPSG:{epsg}</HORIZONTAL_CS_CODE>
{sizes}
    </Tile_Geocoding>
  </n1:Geometric_Info>
</n1:Level-1C_Tile_ID>
"""
