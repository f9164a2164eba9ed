"""The shared map: one file, nothing fetched, clicked in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from browser import Tab, chromium, page

from engine.cli import main
from engine.errors import NoOverlapError
from engine.grid import Grid
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.storage.geopackage import write_geopackage
from engine.report.share import write_share

EVIL = '</script><img src=x onerror="document.title=1">'


@pytest.fixture
def reviewed(inventory: Inventory) -> Inventory:
    """Three landslides: one rejected, two of other days, one with a hostile note."""
    table = inventory.landslides.copy()
    table["status"] = ["accepted", "pending", "rejected"]
    table["date_from"] = ["2018-09-05", "2019-07-01", None]
    table["date_to"] = ["2018-09-06", "2019-07-03", None]
    table["event"] = [EVIL, None, None]
    table["notes"] = [EVIL, "by the road", None]
    return inventory.with_landslides(table)


@pytest.fixture
def shared(reviewed: Inventory, make_stack_file: Any, tmp_path: Path) -> Path:
    rows, columns = np.mgrid[:40, :50]
    after = make_stack_file(500.0 - rows, B04=1000.0 + 20 * columns)
    before = tmp_path / "before"
    before.mkdir()
    (tmp_path / "stack.tif").rename(before / "stack.tif")
    from engine.handles import Stack

    past = Stack.open(before / "stack.tif")
    after = make_stack_file(500.0 - rows, B04=3000.0 - 20 * columns)
    return write_share(reviewed, tmp_path / "map.html", stack=after, before=past)


def data_of(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return dict(json.loads(found.group(1)))


def test_all_facts_and_outlines_stand_in_the_file(shared: Path, reviewed: Inventory) -> None:
    data = data_of(shared)
    assert [one["facts"]["status"] for one in data["landslides"]] == [
        "accepted",
        "pending",
        "rejected",
    ]
    assert data["landslides"][0]["facts"]["notes"] == EVIL
    assert [image["name"] for image in data["images"]] == ["after", "before"]
    for one, shape in zip(data["landslides"], reviewed.landslides.geometry, strict=True):
        drawn = []
        for polygon in one["shape"]:
            rings = [np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 10 for ring in polygon]
            drawn.append(shapely.Polygon(rings[0], rings[1:]))
        assert shapely.unary_union(drawn).area == pytest.approx(shape.area, rel=0.01)


def test_nothing_points_to_the_network(shared: Path) -> None:
    text = shared.read_text(encoding="utf-8")
    without_leaflet = re.sub(r"<script>/\* @preserve.*?</script>", "", text, flags=re.S)
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", without_leaflet)
    assert "default-src 'none'" in text
    assert EVIL not in text


def test_thousand_landslides_stay_small(tmp_path: Path, inventory: Inventory) -> None:
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    shapes = [
        shapely.Polygon(60 * ring + (300000 + 200 * (i % 40), 2600000 - 200 * (i // 40)))
        for i in range(1000)
    ]
    many = inventory.with_landslides(as_landslides(shapes, inventory.crs, {"area_m2": 11000.0}))
    assert write_share(many, tmp_path / "map.html").stat().st_size < 3e6


def test_elsewhere_is_refused(reviewed: Inventory, make_stack_file: Any, tmp_path: Path) -> None:
    from affine import Affine
    from rasterio.crs import CRS

    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 500000, 0, -10, 2600000), (40, 50))
    with pytest.raises(NoOverlapError, match="does not cover"):
        write_share(reviewed, tmp_path / "m.html", stack=make_stack_file(np.ones((40, 50)), grid))


def test_empty_inventory(inventory: Inventory, tmp_path: Path) -> None:
    empty = inventory.with_landslides(inventory.landslides.iloc[:0])
    assert data_of(write_share(empty, tmp_path / "map.html"))["landslides"] == []


def test_command_line(reviewed: Inventory, tmp_path: Path) -> None:
    write_geopackage(reviewed, tmp_path / "inventory.gpkg")
    words = ["report", "--inventory", str(tmp_path / "inventory.gpkg")]
    assert main([*words, "--share", "--out", str(tmp_path / "map.html")]) == 0
    assert len(data_of(tmp_path / "map.html")["landslides"]) == 3
    assert not (tmp_path / "map_figures").exists()
    assert main([*words, "--before", "x.tif", "--out", str(tmp_path / "other.html")]) == 2


@pytest.fixture
def tab(shared: Path, tmp_path: Path) -> Iterator[Tab]:
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    with page(shared, tmp_path / "profile") as tab:
        yield tab


def test_map_is_clicked_in_a_browser(tab: Tab, tmp_path: Path) -> None:
    count = "document.getElementById('count').textContent"
    assert tab.ask(count).startswith("2 of 3")  # rejected ones are off at first
    tab.click_on('#status input[name="rejected"]')
    assert tab.ask(count).startswith("3 of 3")
    tab.click_on('#status input[name="pending"]')
    assert tab.ask(count).startswith("2 of 3")
    tab.click_on('#status input[name="pending"]')

    place = tab.ask(
        "(() => { const m = l4s.map, b = m.getContainer().getBoundingClientRect();"
        " const p = m.latLngToContainerPoint(l4s.layers[0].layer.getBounds().getCenter());"
        " return [b.x + p.x, b.y + p.y]; })()"
    )
    tab.click(*place)
    facts = tab.ask("document.getElementById('facts').innerText")
    assert "Landslide 1" in facts
    assert "Accepted" in facts
    assert EVIL in facts  # as text
    assert tab.ask("document.querySelectorAll('#facts img').length") == 0
    assert tab.ask("document.title") != "1"

    tab.ask(
        "(() => { const i = document.getElementById('smallest'); i.value = 60;"
        " i.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert tab.ask(count).startswith("2 of 3") or tab.ask(count).startswith("1 of 3")
    tab.ask(
        "(() => { const i = document.getElementById('smallest'); i.value = 0;"
        " i.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    tab.ask(
        "(() => { const i = document.getElementById('first'); i.value = '2019-01-01';"
        " i.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert tab.ask(count).startswith("2 of 3")
    tab.click_on("#undated")
    assert tab.ask(count).startswith("1 of 3")


def test_swipe_uncovers_the_other_image(tab: Tab) -> None:
    clip = "l4s.map.getPane('before').style.clipPath"
    half = tab.ask(clip)
    tab.ask(
        "(() => { const i = document.getElementById('swipe'); i.value = 100;"
        " i.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert tab.ask(clip) != half
    assert tab.ask("document.querySelectorAll('img.leaflet-image-layer').length") == 2


def test_browser_asks_for_nothing_and_complains_of_nothing(tab: Tab) -> None:
    tab.ask("1")
    asked = [
        event["params"]["request"]["url"]
        for event in tab.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert not [url for url in asked if not url.startswith(("file:", "data:", "about:"))]
    errors = [
        event
        for event in tab.events
        if event.get("method") == "Runtime.exceptionThrown"
        or (
            event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
        )
    ]
    assert errors == []
