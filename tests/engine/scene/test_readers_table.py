"""A new input product is one module and one line in the table of readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from product_cases import maja, plain, raster

from engine.errors import ProductError
from engine.handles import Stack
from engine.scene import readers
from engine.scene.imagery import Imagery, Offset
from engine.scene.readers import READERS, open_imagery
from engine.scene.readers.listing import Listing
from engine.scene.readers.offsets import Stated
from engine.scene.readers.sources import Bands
from engine.scene.stack import make_stack, stack_provenance


def read_quicksat(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Reads a made-up product: ``QUICKSAT.txt`` beside ``one.tif`` (blue) and ``two.tif`` (red)."""
    if not any(name.endswith("QUICKSAT.txt") for name in listing.names):
        return None
    bands = Bands(listing, Stated(dn_offset))
    for file, channel in (("one.tif", "B02"), ("two.tif", "B04")):
        bands.add(f"{listing.root}{file}", channel)
    return [
        Imagery(
            listing.title,
            "L1C",
            "2024-02-03",
            tuple(bands.sources),
            product="Quicksat",
            offset=Offset("metadata", "Quicksat has none", checked=False),
        )
    ]


def quicksat(folder: Path) -> Path:
    raster(folder / "one.tif", plain(700))
    raster(folder / "two.tif", plain(900))
    (folder / "QUICKSAT.txt").write_text("x")
    return folder


def test_a_reader_added_to_the_table_is_all_that_a_new_product_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = quicksat(tmp_path / "scene")
    with pytest.raises(ProductError, match="no raster whose name tells a band"):
        open_imagery([product])
    monkeypatch.setattr(readers, "READERS", {"Quicksat": read_quicksat, **READERS})
    stack = make_stack([product], [], out=tmp_path / "s.tif")
    with Stack.open(stack.path).reader() as reader:
        assert (reader.read(["B02"]) == 700).all()
        assert (reader.read(["B04"]) == 900).all()
    facts = stack_provenance(stack.path)["imagery"][0]
    assert (facts["product"], facts["date"]) == ("Quicksat", "2024-02-03")
    # The others are read as before.
    assert open_imagery([maja(tmp_path)])[0].product == "MAJA Level-2A"


def test_every_reader_passes_over_what_is_none_of_its_products(tmp_path: Path) -> None:
    raster(tmp_path / "x" / "picture.tif", np.zeros((3, 9, 9), np.uint8))
    listing = readers.listing_of(tmp_path / "x")
    assert [reader(listing, None) for reader in READERS.values()] == [None] * len(READERS)
