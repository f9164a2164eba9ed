"""The darkest pixels are asked where nothing states the offset, or the source may be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from product_cases import plain, product_xml, raster, safe, stac_item

from engine.errors import ProductError
from engine.events import Event, Log, Reporter
from engine.scene.readers import open_imagery
from engine.scene.readers.offsets import check_offset, darkest_dn
from engine.scene.readers.stac_item import item_offset
from engine.scene.stack import make_stack

NAME = "S2B_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"
DARK = np.random.default_rng(0).integers(150, 3000, (100, 100)).astype(np.uint16)


def codes(path: Path, dn_offset: float | None = None) -> list[str]:
    found: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Log) and event.level == "warning":
            found.append(event.code)

    for image in open_imagery([path], dn_offset=dn_offset):
        check_offset(image, Reporter(listen))
    return found


@pytest.mark.parametrize(
    ("folder", "added", "tags", "option", "expected"),
    [
        ("x", 0, None, None, []),
        ("x", 1000, None, None, ["scene-offset-unknown"]),
        ("x", 1000, None, 0.0, []),
        ("x", 1000, None, -1000.0, []),
        (NAME, 1000, None, None, []),
        (NAME, 0, None, None, ["scene-offset-doubtful"]),
        (NAME.replace("N0400", "N0301"), 1000, None, None, ["scene-offset-doubtful"]),
        ("x", 1000, (0.0001, -0.1), None, []),
        ("x", 0, (0.0001, -0.1), None, ["scene-offset-doubtful"]),
        ("x", 1000, (0.0001, 0.0), None, ["scene-offset-unknown"]),
    ],
)
def test_pixels_contradict_what_is_stated(
    tmp_path: Path,
    folder: str,
    added: int,
    tags: tuple[float, float] | None,
    option: float | None,
    expected: list[str],
) -> None:
    for band in ("B02", "B04", "B11"):
        raster(tmp_path / folder / f"{band}.tif", DARK + np.uint16(added), scale=tags)
    assert codes(tmp_path / folder, option) == expected


@pytest.mark.parametrize("offset", [-7000, 6000])
def test_an_offset_that_cannot_be_is_refused(tmp_path: Path, offset: int) -> None:
    """It would turn every dark pixel into no data without a word."""
    product = safe(tmp_path, offset=offset)
    with pytest.raises(ProductError, match=rf"\{offset:+d} would be added .* --dn-offset"):
        open_imagery([product])
    assert open_imagery([product], dn_offset=-1000.0)
    with pytest.raises(ProductError, match="as asked for"):
        open_imagery([product], dn_offset=float(offset))


@pytest.mark.parametrize(("applied", "expected"), [(True, []), (False, ["scene-offset-doubtful"])])
def test_a_stac_item_is_checked(tmp_path: Path, applied: bool, expected: list[str]) -> None:
    # Pixels without offset: right where the item says that it has been removed.
    raster(tmp_path / "B02.tif", DARK)
    item = stac_item(**{"earthsearch:boa_offset_applied": applied})
    (tmp_path / "item.json").write_text(json.dumps(item))
    assert codes(tmp_path) == expected


def test_a_products_own_metadata_are_trusted_unless_they_are_odd(tmp_path: Path) -> None:
    assert codes(safe(tmp_path, value=300)) == []
    (product,) = tmp_path.glob("*.SAFE")
    (product / "MTD_MSIL2A.xml").write_text(product_xml("L2A", "05.09", offset=-1900))
    assert codes(product) == ["scene-offset-doubtful"]


def test_no_data_is_no_dark_pixel(tmp_path: Path) -> None:
    values = DARK + np.uint16(1000)
    values[:50] = 0
    raster(tmp_path / "B02.tif", values)
    (image,) = open_imagery([tmp_path])
    assert darkest_dn(image) == pytest.approx(1150, abs=60)
    raster(tmp_path / "B02.tif", plain(0))
    (image,) = open_imagery([tmp_path])
    assert darkest_dn(image) is None


def test_the_warning_reaches_who_makes_a_stack(tmp_path: Path) -> None:
    raster(tmp_path / "in" / "B02.tif", DARK + np.uint16(1000))
    said: list[Event] = []
    make_stack([tmp_path / "in"], [], out=tmp_path / "s.tif", reporter=Reporter(said.append))
    (warning,) = [e for e in said if isinstance(e, Log) and e.level == "warning"]
    assert "--dn-offset -1000" in warning.message


def test_reflectance_in_per_cent_is_too_dark_to_be_dn(tmp_path: Path) -> None:
    raster(tmp_path / "x" / "B02.tif", (DARK / 100).astype(np.float32))
    raster(tmp_path / "x" / "B04.tif", (DARK / 100).astype(np.float32))
    assert codes(tmp_path / "x") == ["scene-range"]


@pytest.mark.parametrize(
    ("asset", "properties", "expected"),
    [
        ({"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, {}, -1000),
        ({"raster:scale": 0.0001, "raster:offset": -0.1}, {}, -1000),
        ({"bands": [{"raster:scale": 0.0001, "raster:offset": -0.1}]}, {}, -1000),
        (
            {"raster:bands": [{"scale": 0.0001, "offset": 0}]},
            {"processing:version": "05.09"},
            -1000,
        ),
        ({}, {"s2:processing_baseline": "05.11"}, -1000),
        ({}, {"s2:processing_baseline": "02.14"}, 0),
        ({}, {"s2:processing_baseline": "99.99"}, None),
        ({}, {"s2:processing_baseline": 5}, None),
        ({"raster:bands": [{"scale": 1e999, "offset": float("nan")}]}, {}, None),
        ({"raster:bands": "x", "bands": [3]}, {"s2:processing_baseline": "x"}, None),
        ({}, {}, None),
    ],
)
@pytest.mark.parametrize("key", ["blue", "B02", "B02_10m"])
def test_what_stac_items_of_all_providers_state(
    key: str, asset: dict[str, object], properties: dict[str, object], expected: float | None
) -> None:
    item = {"assets": {key: {"roles": ["data"], **asset}}, "properties": properties}
    found = item_offset(item)
    assert (found[0] if found else None) == expected


@pytest.mark.parametrize(
    "item", [None, {}, {"properties": 3, "assets": []}, {"assets": {"blue": 3}}]
)
def test_items_that_say_nothing(item: dict[str, object] | None) -> None:
    assert item_offset(item) is None
