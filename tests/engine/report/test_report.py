"""The report: complete, self-contained, and honest when there is nothing to tell."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import CRS
from shapely import affinity

from engine.cli import main
from engine.errors import CancelledError, NoOverlapError, OutputError
from engine.events import Reporter
from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.report import figures
from engine.report.page import write_report
from engine.report.sections import LIMITS
from engine.report.statistics import Parameter, density_per_km2
from engine.report.tables import fitted

PNG = b"\x89PNG\r\n"


class Tags(HTMLParser):
    """Checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img" and bool(dict(attrs).get("alt"))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def full(make_stack_file, make_probability) -> dict:
    row, column = np.indices((40, 50))
    rng = np.random.default_rng(0)
    bands = {name: rng.uniform(500, 3000, (40, 50)) for name in ("B02", "B03", "B04")}
    return {
        "stack": make_stack_file(500 + 5.0 * row + column, **bands),
        "probability": make_probability(rng.random((40, 50))),
    }


def test_report_is_complete_and_fetches_nothing(
    inventory: Inventory, full: dict, tmp_path: Path
) -> None:
    table = inventory.landslides.copy()
    table["aspect_deg"], table["slope_deg"] = [10.0, 200.0, 350.0], [20.0, 30.0, 40.0]
    table.loc[1, "status"] = "rejected"
    table["event"] = "Storm <Ada> & co"
    run = {
        **inventory.run,
        "masked_share": {"cloud": 0.125, "nodata": 0.0},
        "threshold": 0.43,
        "inputs": {"stack": "a<b>.tif"},
    }
    out = write_report(Inventory(table, inventory.aoi, run), tmp_path / "r.html", **full)
    text = out.read_text(encoding="utf-8")
    plain = unescape(text)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.images == 5
    assert not re.search(r"(?:src|href)=\"(?!data:)", text)
    assert "<script" not in text
    assert "Storm &lt;Ada&gt; &amp; co" in text
    assert "12.5 %" in text
    assert "0.43" in text
    assert all(limit.split(";")[0][:40] in plain for limit in LIMITS)
    assert "2 landslides covering" in text
    figures = sorted(p.name for p in (tmp_path / "r_figures").iterdir())
    assert figures == ["density.png", "map.png", "probability.png", "roses.png", "sizes.png"]
    assert all((tmp_path / "r_figures" / name).read_bytes().startswith(PNG) for name in figures)


def test_without_image_probability_terrain_or_facts(inventory: Inventory, tmp_path: Path) -> None:
    bare = Inventory(inventory.landslides, inventory.aoi, {})
    text = write_report(bare, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Largest landslides" in text
    assert "Aspect" not in text.split("Limits")[0].split("Sizes")[1]


@pytest.mark.parametrize(
    ("facts", "said", "not_said"),
    [
        (
            {"masked_share": {"cloud": None, "nodata": 0.1}},
            "not checked (no mask)",
            "hidden: cloud",
        ),
        ({"masked_share": {"cloud": 0.0, "nodata": 0.1}}, "hidden: cloud", "not checked"),
        (
            {"masked_share": {"cloud": 0.0}, "parameters": {"inference": {"mask_quality": False}}},
            "not checked (kept on request)",
            "hidden: cloud",
        ),
        (
            {"slope_covered": 0.0},
            "All of this ground was mapped without a slope",
            "% of this ground",
        ),
        (
            {"slope_covered": 0.474},
            "52.6 % of this ground was mapped without a slope",
            "All of this",
        ),
        ({"slope_covered": 0.9999}, "could be seen", "without a slope"),
        (
            {"slope_covered": 0.0, "members": [{"channels": ["B04"], "missing_channels": []}]},
            "seen",
            "without a slope",
        ),
        (
            {"slope_covered": 0.0, "members": [{"channels": [], "missing_channels": ["slope"]}]},
            "without a slope",
            "- -",
        ),
    ],
)
def test_what_nobody_could_know_is_said(
    inventory: Inventory, tmp_path: Path, facts: dict, said: str, not_said: str
) -> None:
    run = {"area_km2": 0.197, "masked_share": {"cloud": 0.0}, **facts}
    bare = Inventory(inventory.landslides.iloc[:0], inventory.aoi, run)
    text = (
        write_report(bare, tmp_path / "r.html").read_text(encoding="utf-8").split("<h2>Limits")[0]
    )
    assert said in text
    assert not_said not in text


def test_empty_and_fully_rejected_inventories_say_so(
    inventory: Inventory, tmp_path: Path, full: dict
) -> None:
    none = inventory.with_landslides(inventory.landslides.iloc[:0])
    assert "none was found on 0.197 km²" in write_report(
        none, tmp_path / "a.html", **full
    ).read_text(encoding="utf-8")
    rejected = inventory.with_landslides(inventory.landslides.assign(status="rejected"))
    assert "all were rejected" in write_report(rejected, tmp_path / "b.html").read_text(
        encoding="utf-8"
    )


def test_outlines_are_drawn_in_the_pictures_crs(
    inventory: Inventory, full: dict, tmp_path: Path, monkeypatch
) -> None:
    """An inventory in degrees over a stack in UTM: the same map, and the same density, as in the
    stack's own CRS."""
    drawn: list[np.ndarray] = []
    lines = figures._lines
    monkeypatch.setattr(
        figures,
        "_lines",
        lambda axes, shapes, *a, **k: (drawn.append(shapes), lines(axes, shapes, *a, **k)),
    )
    write_report(inventory, tmp_path / "a.html", **full)
    own, drawn[:] = list(drawn), []
    write_report(inventory.to_crs(CRS.from_epsg(4326)), tmp_path / "b.html", **full)
    assert len(own) == len(drawn) == 5
    for one, other in zip(
        own[:-1], drawn[:-1], strict=True
    ):  # the last is the box around the area, which turns a little
        assert shapely.equals_exact(one, other, 0.01).all()
    assert density_per_km2(inventory, full["stack"].grid.bounds)[0] == pytest.approx(
        density_per_km2(
            inventory.to_crs(CRS.from_epsg(4326)).to_crs(inventory.crs), full["stack"].grid.bounds
        )[0]
    )


def test_rasters_of_another_place_are_refused(
    inventory: Inventory, full: dict, tmp_path: Path
) -> None:
    moved = inventory.landslides.assign(geometry=inventory.landslides.translate(10_000, 0))
    elsewhere = Inventory(moved, affinity.translate(inventory.aoi, 10_000, 0), inventory.run)
    for name, words in (("stack", "stack .*stack.tif"), ("probability", "probability raster")):
        for placed in (elsewhere, elsewhere.to_crs(CRS.from_epsg(4326))):
            with pytest.raises(
                NoOverlapError, match=f"The {words}.* shows nothing of the area of the inventory"
            ):
                write_report(placed, tmp_path / "r.html", **{name: full[name]})
    assert list(tmp_path.glob("r*")) == []


def test_what_a_fit_does_not_determine_is_said() -> None:
    assert Parameter(1.4, 1.2, 1.7).determined()
    assert not Parameter(2.54e-4, 7.8e-13, 8.24e4).determined()
    assert not Parameter(2.54e-4, 7.8e-13, 3e-4).determined()
    assert Parameter(-1e-7, -3e-4, 2e-4).determined(scale=4e-4)
    assert not Parameter(-1e-7, -3e-1, 2e-4).determined(scale=4e-4)
    assert fitted(Parameter(2.54e-4, 7.8e-13, 8.24e4)) == "not determined by these areas"
    assert fitted(Parameter(1.4, 1.2, 1.7), sign=-1, shift=-1) == "−2.4 (−2.7 to −2.2)"


def test_cancelled_or_impossible_leaves_nothing(inventory: Inventory, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        write_report(inventory, tmp_path / "r.html", reporter=Reporter(cancelled=lambda: True))
    assert list(tmp_path.glob("r*")) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_report(inventory, tmp_path / "file" / "r.html")


def test_command_line(
    inventory: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert (
        main(["report", "--inventory", str(path), "--out", str(tmp_path / "new" / "r.html")]) == 0
    )
    assert (tmp_path / "new" / "r.html").exists()
    assert (
        main(
            ["report", "--inventory", str(tmp_path / "no.gpkg"), "--out", str(tmp_path / "r.html")]
        )
        == 2
    )
    assert "Traceback" not in capsys.readouterr().err
