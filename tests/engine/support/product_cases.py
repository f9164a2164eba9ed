"""Small products in the layouts that providers and programs deliver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

CORNER = (300000.0, 5000040.0)
L2A_BANDS = {10: "B02 B03 B04 B08", 20: "B05 B06 B07 B8A B11 B12", 60: "B01 B09"}
L1C_BANDS = {10: "B02 B03 B04 B08", 20: "B05 B06 B07 B8A B11 B12", 60: "B01 B09 B10"}


def raster(
    path: Path,
    values: NDArray[Any],
    pixel: float = 10.0,
    *,
    names: Iterable[str] = (),
    tags: Mapping[str, str] | None = None,
    scale: tuple[float, float] | None = None,
    georeference: bool = True,
    **profile: Any,
) -> Path:
    """Write an array (rows, columns) or (bands, rows, columns); JPEG 2000 by the suffix."""
    array = values[np.newaxis] if values.ndim == 2 else values
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"driver": "GTiff", **profile}
    if path.suffix == ".jp2":
        options |= {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    if georeference:
        options |= {
            "crs": "EPSG:32633",
            "transform": Affine(pixel, 0, CORNER[0], 0, -pixel, CORNER[1]),
        }
    rows, columns = array.shape[1:]
    with rasterio.open(
        path,
        "w",
        count=len(array),
        height=rows,
        width=columns,
        dtype=array.dtype.name,
        **options,
    ) as dataset:
        dataset.write(array)
        for index, name in enumerate(names, start=1):
            dataset.set_band_description(index, name)
        dataset.update_tags(**(tags or {}))
        if scale is not None:
            dataset.scales = (scale[0],) * len(array)
            dataset.offsets = (scale[1],) * len(array)
    return path


def plain(value: float, size: int = 60, dtype: str = "uint16") -> NDArray[Any]:
    """A raster of one value."""
    return np.full((size, size), value, dtype)


def product_xml(
    level: str, baseline: str, *, offset: int | None = -1000, old: bool = False, extra: str = ""
) -> str:
    """The product's metadata file."""
    tag = "BOA" if level == "L2A" else "RADIO"
    word = "BOA_QUANTIFICATION_VALUE" if level == "L2A" else "QUANTIFICATION_VALUE"
    offsets = "".join(
        f'<{tag}_ADD_OFFSET band_id="{i}">{offset}</{tag}_ADD_OFFSET>'
        for i in range(13)
        if offset is not None
    )
    word = f"L2A_{word}" if old else word
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><n1:Level-{level[1:]}_User_Product xmlns:n1="x">'
        "<PRODUCT_START_TIME>2023-05-20T10:46:29.024Z</PRODUCT_START_TIME>"
        f"<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>{extra}"
        f'<{word} unit="none">10000</{word}>{offsets}</n1:Level-{level[1:]}_User_Product>'
    )


def tile_xml(size: int = 60) -> str:
    """The tile's metadata file, for 10 m bands of some pixels."""
    places = "".join(
        f'<Size resolution="{r}"><NROWS>{size * 10 // r}</NROWS><NCOLS>{size * 10 // r}</NCOLS>'
        f'</Size><Geoposition resolution="{r}"><ULX>{CORNER[0]}</ULX><ULY>{CORNER[1]}</ULY>'
        f"<XDIM>{r}</XDIM><YDIM>-{r}</YDIM></Geoposition>"
        for r in (10, 20, 60)
    )
    return (
        '<n1:Level-2A_Tile_ID xmlns:n1="x"><HORIZONTAL_CS_CODE>EPSG:32633</HORIZONTAL_CS_CODE>'
        f"{places}</n1:Level-2A_Tile_ID>"
    )


def safe(
    folder: Path,
    *,
    level: str = "L2A",
    baseline: str = "05.09",
    offset: int | None = -1000,
    suffix: str = "tif",
    before: str = "",
    old: bool = False,
    georeference: bool = True,
    value: int = 1800,
) -> Path:
    """A whole SAFE product: every band holds ``value``, 10 more for each band after the first."""
    number = baseline.replace(".", "")
    name = f"S2B_MSI{level}_20230520T104629_N{number}_R051_T33TVL_20230520T152439.SAFE"
    granule = folder / name / "GRANULE" / f"{level}_T33TVL_A032395_20230520T104624"
    bands = L2A_BANDS if level == "L2A" else L1C_BANDS
    stem = f"{before}T33TVL_20230520T104629"
    step = 0
    for pixel, names in bands.items():
        for band in names.split():
            place = f"R{pixel}m/{stem}_{band}_{pixel}m" if level == "L2A" else f"{stem}_{band}"
            raster(
                granule / "IMG_DATA" / f"{place}.{suffix}",
                plain(value + step, 600 // pixel),
                pixel,
                georeference=georeference,
            )
            step += 10
    if level == "L2A":
        scl = plain(4, 30, "uint8")
        scl[:15] = 9
        raster(
            granule / "IMG_DATA" / "R20m" / f"{stem}_SCL_20m.{suffix}",
            scl,
            20,
            georeference=georeference,
        )
    (granule / "MTD_TL.xml").write_text(tile_xml(), encoding="utf-8")
    (folder / name / f"MTD_MSI{level}.xml").write_text(
        product_xml(level, baseline, offset=offset, old=old), encoding="utf-8"
    )
    return folder / name


def stac_item(**properties: Any) -> dict[str, Any]:
    """A STAC item whose assets list an offset."""
    offset = properties.pop("offset", -0.1)
    asset = {
        "href": "B04.tif",
        "roles": ["data", "reflectance"],
        "raster:bands": [{"scale": 0.0001, "offset": offset}],
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "properties": {"datetime": "2023-08-15T09:58:11Z", **properties},
        "assets": {"red": asset, "blue": asset},
    }


def maja(folder: Path, kinds: Iterable[str] = ("SRE", "FRE")) -> Path:
    """A product of MAJA: SRE holds 800, FRE 900; cloud, shadow, snow and no data in quarters."""
    name = "SENTINEL2B_20200801-104904-377_L2A_T33TVL_C_V2-2"
    root = folder / name
    for kind in kinds:
        for band in ("B2", "B3", "B4", "B8", "B5", "B8A", "B11"):
            coarse = band in ("B5", "B8A", "B11")
            values = plain(800 if kind == "SRE" else 900, 30 if coarse else 60, "int16")
            values[-len(values) // 6 :] = -10000
            raster(root / f"{name}_{kind}_{band}.tif", values, 20 if coarse else 10)
    clouds, ground = plain(0, 60, "uint8"), plain(0, 60, "uint8")
    clouds[:10] = 0b10  # all clouds but the thinnest
    clouds[10:20] = 0b1000_0000  # high clouds
    ground[20:30] = 0b1000  # shadow of clouds
    ground[30:40] = 0b100  # snow
    ground[40:] = 0b1  # water
    raster(root / "MASKS" / f"{name}_CLM_R1.tif", clouds)
    raster(root / "MASKS" / f"{name}_MG2_R1.tif", ground)
    raster(root / "MASKS" / f"{name}_EDG_R1.tif", plain(0, 60, "uint8"))
    raster(root / f"{name}_ATB_R1.tif", np.zeros((2, 60, 60), np.uint8))
    return root


def dimap(folder: Path, *, scaling: tuple[float, float] = (0.0001, -0.1)) -> Path:
    """A product of SNAP: header and folder of ENVI rasters that hold 1800."""
    name = "S2B_MSIL2A_20230520T104629_N0509_R051_T33TVL_20230520T152439_resampled"
    for band in ("B2", "B3", "B4", "B8", "B8A", "quality_cloud_confidence"):
        raster(folder / f"{name}.data" / f"{band}.img", plain(1800), driver="ENVI")
    infos = "".join(
        f"<Spectral_Band_Info><BAND_NAME>{band}</BAND_NAME>"
        f"<SCALING_FACTOR>{scaling[0]}</SCALING_FACTOR>"
        f"<SCALING_OFFSET>{scaling[1]}</SCALING_OFFSET>"
        "<NO_DATA_VALUE_USED>true</NO_DATA_VALUE_USED><NO_DATA_VALUE>0.0</NO_DATA_VALUE>"
        "</Spectral_Band_Info>"
        for band in ("B2", "B3", "B4", "B8", "B8A")
    )
    header = f'<Dimap_Document name="x.dim"><Image_Interpretation>{infos}</Image_Interpretation>'
    (folder / f"{name}.dim").write_text(header + "</Dimap_Document>", encoding="utf-8")
    return folder / f"{name}.dim"
