"""Quality masks of any pixel type become classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from product_cases import plain, raster

from engine.bands import QUALITY_CLASSES
from engine.errors import UnreadableFileError
from engine.handles import Stack
from engine.scene.masks import cloud_polygons, scl_classes
from engine.scene.stack import make_stack

EXPECTED = {3: 3, 8: 2, 9: 2, 10: 2, 11: 4, **dict.fromkeys((1, 2, 4, 5, 6, 7), 0)}


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "float32"])
def test_every_class_of_the_scene_classification(dtype: str) -> None:
    values = np.arange(0, 20).astype(dtype)
    assert scl_classes(values).tolist() == [EXPECTED.get(code, -1) for code in range(20)]


@given(arrays(np.float64, 8, elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_no_number_breaks_a_scene_classification(values: np.ndarray) -> None:
    classes = scl_classes(values)
    whole = np.isin(values, list(EXPECTED))
    assert_array_equal(classes == -1, ~whole)


def quality(tmp_path: Path, *folders: Path) -> np.ndarray[Any, Any]:
    stack = make_stack(folders, [], out=tmp_path / "s.tif")
    with Stack.open(stack.path).reader() as reader:
        found = reader.quality()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("dtype", "fill", "declared"),
    [
        ("float32", np.nan, True),
        ("uint16", 65535, True),
        ("uint16", 65535, False),
        ("int16", -9999, True),
        ("int16", -9999, False),
        ("uint8", 0, True),
        ("uint8", 255, False),
    ],
)
def test_fills_are_no_data(tmp_path: Path, dtype: str, fill: float, declared: bool) -> None:
    raster(tmp_path / "in" / "B02.tif", plain(800))
    scl = plain(4, dtype=dtype)
    scl[:20] = 9
    scl[50:] = fill
    raster(tmp_path / "in" / "SCL.tif", scl, **({"nodata": fill} if declared else {}))
    found = quality(tmp_path, tmp_path / "in")
    assert (found[:20] == QUALITY_CLASSES["cloud"]).all()
    assert (found[20:50] == QUALITY_CLASSES["clear"]).all()
    assert (found[50:] == QUALITY_CLASSES["nodata"]).all()


def test_where_one_products_mask_has_no_data_the_others_counts(tmp_path: Path) -> None:
    # The edge of a swath runs through the tile: the western product has no data in the east.
    west, east = plain(800), plain(900)
    west[:, 30:], east[:, :20] = 0, 0
    for name, values in (("a", west), ("b", east)):
        scl = plain(5, dtype="uint8")
        scl[values == 0] = 0
        scl[:10][values[:10] != 0] = 9
        raster(tmp_path / name / "B02.tif", values)
        raster(tmp_path / name / "SCL.tif", scl)
    found = quality(tmp_path, tmp_path / "a", tmp_path / "b")
    assert (found[:10] == QUALITY_CLASSES["cloud"]).all()
    assert (found[10:] == QUALITY_CLASSES["clear"]).all()


def test_a_product_without_a_mask_is_clear_beside_one_with_a_mask(tmp_path: Path) -> None:
    raster(tmp_path / "a" / "B02.tif", plain(800))
    raster(tmp_path / "a" / "SCL.tif", plain(9, dtype="uint8"))
    path = raster(tmp_path / "b" / "B02.tif", plain(900))
    import rasterio
    from affine import Affine

    with rasterio.open(path, "r+") as dataset:
        dataset.transform = Affine.translation(600, 0) @ dataset.transform
    found = quality(tmp_path, tmp_path / "a", tmp_path / "b")
    assert (found[:, :60] == QUALITY_CLASSES["cloud"]).all()
    assert (found[:, 60:] == QUALITY_CLASSES["clear"]).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<a><MaskFeature><Polygon><exterior><posList>1.2.3 4</posList></exterior></Polygon>"
        "</MaskFeature></a>",
        "<a><MaskFeature><Polygon><exterior><posList>nan 4</posList></exterior></Polygon>"
        "</MaskFeature></a>",
    ],
)
def test_damaged_polygons_get_a_sentence(text: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"cloud mask x is damaged .*--quality off"):
        cloud_polygons(text.encode(), "x")


def test_a_feature_may_have_several_polygons() -> None:
    ring = "<exterior><R><posList>0 0 9 0 9 9 0 0</posList></R></exterior>"
    two = f"<m:MaskFeature><a:Polygon>{ring}</a:Polygon><a:Polygon>{ring}</a:Polygon>"
    gml = f"<m:Mask>{two}</m:MaskFeature></m:Mask>".encode()
    assert [shape.area for shape in cloud_polygons(gml, "x")] == [40.5, 40.5]
