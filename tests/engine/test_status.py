"""A review status is a rule: one line makes one that export, report and compare understand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from engine.inventory.inventory import Inventory
from engine.inventory.storage.geopackage import write_geopackage
from engine.status import STATUSES, is_confirmed, is_decided, unknown

ADDED = """
import dataclasses, sys
import engine.status
from engine.status import Status
engine.status.STATUSES += (Status({name!r}, "Added: by a test", "#000000", confirmed={confirmed}),)
from engine.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_what_counts_and_what_was_decided() -> None:
    names = pd.Series([status.name for status in STATUSES] + [None, "", "of another program"])
    assert is_confirmed(names).tolist() == [True, True, True, True, False, True, True, True]
    assert is_decided(names).tolist() == [False, False, True, True, True, True, True, True]
    assert unknown(names) == ["of another program"]


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_new_status_is_one_line(inventory: Inventory, tmp_path: Path, confirmed: bool) -> None:
    """The line is added to the table in a process of its own, before anything reads it."""
    name = "second-look"

    def l4s(*words: object) -> str:
        program = ADDED.format(name=name, confirmed=confirmed)
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    table = inventory.landslides.copy()
    table.loc[0, "status"] = name
    path = write_geopackage(inventory.with_landslides(table), tmp_path / "i.gpkg")
    out = tmp_path / "only.geojson"
    l4s("export", "--inventory", path, "--status", name, "--out", out)
    assert gpd.read_file(out)["status"].tolist() == [name]
    l4s("export", "--inventory", path, "--out", tmp_path / "again.gpkg")
    styles = (tmp_path / "again.gpkg").read_bytes()
    assert b'value="second-look"' in styles
    l4s("report", "--inventory", path, "--out", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "Added: by a test" in page
    assert "1 have been reviewed" in page
    scores = json.loads(l4s("compare", "--inventory", path, "--reference", path, "--json"))
    counted = len(table) if confirmed else len(table) - 1
    assert scores["overlapping"]["inventory"] == counted
    assert scores["overlapping"]["reference"] == counted
