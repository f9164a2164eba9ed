"""The whole street with the bundled model, through the command line as users walk it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psutil
import pyogrio
import pytest
import rasterio
from rasterio.features import geometry_mask
from shapely import box

from engine.cli import main
from engine.handles import ProbabilityRaster
from engine.inference.mask import automatic_threshold
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory
from engine.models.bundle import DEFAULT_MODEL, find_model, seal
from engine.scene.simulation.simulate import SimulatedScene, SimulationConfig, simulate
from engine.scene.stack import make_stack, stack_provenance

OUTPUTS = {"probability.tif", "mask.tif", "inventory.gpkg", "report.html", "run.json"}


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> SimulatedScene:
    return simulate(tmp_path_factory.mktemp("scene"), SimulationConfig(size_px=240, seed=3))


@pytest.fixture(scope="session")
def stack(scene: SimulatedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stack(
        scene.imagery, scene.dem, out=tmp_path_factory.mktemp("stack") / "valley.tif"
    ).path


@pytest.fixture(scope="session")
def found(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("found")
    assert main(["detect", "--stack", str(stack), "--out", str(out)]) == 0
    return out


def events(shown: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shown.splitlines()]


def test_detect_writes_everything_that_the_design_promises(found: Path) -> None:
    assert {path.name for path in found.iterdir()} >= OUTPUTS
    assert not [path for path in found.rglob("*") if ".part" in path.name]
    with rasterio.open(found / "probability.tif") as file:
        assert (file.dtypes[0], file.nodata, file.scales[0]) == ("uint8", 255, 0.004)
    layers = {str(name) for name, _ in pyogrio.list_layers(found / "inventory.gpkg")}
    assert {"landslides", "aoi", "run"} <= layers
    run = json.loads((found / "run.json").read_text(encoding="utf-8"))
    assert run["models"][0]["digest"] == find_model(DEFAULT_MODEL).digest
    assert run["threshold"] == find_model(DEFAULT_MODEL).card.threshold
    assert run["masked_share"]["cloud"] > 0
    assert 0 < run["area_km2"] < 5.76


def test_polygons_and_mask_agree(found: Path) -> None:
    landslides = gpd.read_file(found / "inventory.gpkg", layer="landslides")
    with rasterio.open(found / "mask.tif") as file:
        mask_m2 = (file.read(1) == 1).sum() * 100
    assert 0 < landslides["area_m2"].sum() <= mask_m2
    assert (landslides["area_m2"] >= 400).all()
    threshold = json.loads((found / "run.json").read_text())["threshold"]
    assert (landslides["prob_mean"] >= threshold - 0.004).all()
    assert (landslides["prob_max"] >= landslides["prob_mean"]).all()


def test_the_bundled_model_finds_simulated_landslides(
    found: Path, scene: SimulatedScene, capsysbinary: Any
) -> None:
    words = [
        "evaluate",
        "--prediction",
        str(found / "mask.tif"),
        "--reference",
        str(scene.truth),
        "--events",
        "json",
    ]
    assert main(words) == 0
    # Simulated ground is another domain than the training patches; far above chance (share of
    # landslides: 3 %) is enough.
    assert events(capsysbinary.readouterr().out)[-1]["f1"] > 0.12


def test_the_same_from_imagery_and_dem_in_one_command(
    scene: SimulatedScene, found: Path, tmp_path: Path
) -> None:
    words = [
        "detect",
        "--sentinel2",
        *map(str, scene.imagery),
        "--dem",
        *map(str, scene.dem),
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 0
    with rasterio.open(tmp_path / "mask.tif") as mine, rasterio.open(found / "mask.tif") as theirs:
        assert (mine.read(1) == theirs.read(1)).all()
    before = (tmp_path / "stack.tif").stat().st_mtime_ns
    assert main(words) == 0
    assert (tmp_path / "stack.tif").stat().st_mtime_ns == before, (
        "the same inputs need no new stack"
    )


def review(inventory: Path, **status: str) -> gpd.GeoDataFrame:
    """Decide on landslides of a finished inventory: ``id_3="rejected"``; returns all of them."""
    read = read_inventory(inventory)
    table = read.landslides.copy()
    for name, decision in status.items():
        table.loc[table["id"] == int(name.removeprefix("id_")), "status"] = decision
    inventory.unlink()
    write_geopackage(read.with_landslides(table), inventory)
    return table


def test_a_run_over_a_reviewed_inventory_tells_of_what_the_file_holds(
    found: Path, stack: Path, tmp_path: Path, capsysbinary: Any
) -> None:
    out = tmp_path / "out"
    shutil.copytree(found, out)
    with rasterio.open(stack) as file:
        (left, bottom, right, top), crs = file.bounds, file.crs
    east = box((left + right) / 2, bottom, right, top)
    table = landslides_in(found)
    inside, outside = (
        table["id"][table.intersects(east) == here].iloc[0] for here in (True, False)
    )
    review(out / "inventory.gpkg", **{f"id_{inside}": "rejected", f"id_{outside}": "accepted"})
    gpd.GeoSeries([east], crs=crs).to_file(tmp_path / "east.gpkg")
    words = [
        "detect",
        "--stack",
        str(stack),
        "--aoi",
        str(tmp_path / "east.gpkg"),
        "--out",
        str(out),
    ]
    assert main([*words, "--events", "json"]) == 0
    told = events(capsysbinary.readouterr().out)[-1]["landslides"]
    status = landslides_in(out)["status"]
    assert status.value_counts()["rejected"] == status.value_counts()["accepted"] == 1
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    row = gpd.read_file(out / "inventory.gpkg", layer="run").iloc[-1]
    assert told == run["landslides"] == row["landslides"] == len(status) - 1
    assert (run["rejected"], run["kept_reviewed"], run["kept_outside"]) == (1, 2, 1)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"{told} landslides covering" in report
    assert "2 have been reviewed" in report
    assert "1 of them lie outside the ground" in report


@pytest.fixture(scope="session")
def changed(scene: SimulatedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack with its change raster, as `l4s stack --before` writes them, and what two views of it
    gave."""
    folder = tmp_path_factory.mktemp("changed")
    words = [
        "stack",
        "--sentinel2",
        *map(str, scene.imagery),
        "--dem",
        *map(str, scene.dem),
        "--out",
        str(folder / "after.tif"),
    ]
    assert main([*words, "--before", *map(str, scene.imagery)]) == 0
    assert (
        main(
            [
                "detect",
                "--stack",
                str(folder / "after.tif"),
                "--tta",
                "flip",
                "--out",
                str(folder / "out"),
            ]
        )
        == 0
    )
    return folder


def test_a_finished_stack_brings_its_record_and_its_change_raster(
    changed: Path, scene: SimulatedScene
) -> None:
    run = json.loads((changed / "out" / "run.json").read_text(encoding="utf-8"))
    made = stack_provenance(changed / "after.tif")
    assert run["stack_made_from"] == made
    assert run["inputs"]["dem"] == made["dem"] == [path.name for path in scene.dem]
    assert (
        run["inputs"]["images"]
        == run["inputs"]["before"]
        == [product["name"] for product in made["imagery"]]
    )
    assert run["inputs"]["change"] == str(changed / "after.change.tif")
    table = landslides_in(changed / "out")
    assert (table["dem"] == ", ".join(made["dem"])).all()
    assert (table["images"] == ", ".join(run["inputs"]["images"])).all()
    assert (table["brightness_change"] == 0).all(), (
        "known, and nothing changed between twice the same image"
    )
    assert (
        f"<td >Image</td><td >{made['imagery'][0]['name']}"
        in (changed / "out" / "report.html").read_text()
    )


def test_vectorize_alone_keeps_what_the_detection_knew(changed: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(changed / "out", tmp_path / "out"))
    words = [
        "vectorize",
        "--probability",
        str(out / "probability.tif"),
        "--stack",
        str(changed / "after.tif"),
    ]
    assert main([*words, "--out", str(tmp_path / "again.gpkg")]) == 0
    first, again = (
        gpd.read_file(path, layer="landslides")
        for path in (out / "inventory.gpkg", tmp_path / "again.gpkg")
    )
    names = [name for name in first.columns if name not in ("created", "geometry")]
    assert again[names].equals(first[names])
    assert (
        first[["model", "model_digest", "dem", "agreement", "ndvi_change"]].notna().all(axis=None)
    )
    rows = [
        gpd.read_file(path, layer="run").iloc[-1]
        for path in (out / "inventory.gpkg", tmp_path / "again.gpkg")
    ]
    assert rows[0]["models"] == rows[1]["models"] != ""
    assert rows[0]["model_digests"] == rows[1]["model_digests"]
    # Neither an uncertainty of another run nor a change raster on another grid is taken for one of
    # this run.
    with rasterio.open(out / "uncertainty.tif", "r+") as file:
        file.update_tags(request="another")
    (out / "run.json").unlink()
    shutil.copy(changed / "after.change.tif", out / "change.tif")
    with rasterio.open(out / "change.tif", "r+") as file:
        file.transform = file.transform @ file.transform.translation(5, 0)
    words = [
        "vectorize",
        "--probability",
        str(out / "probability.tif"),
        "--out",
        str(tmp_path / "bare.gpkg"),
    ]
    assert main(words) == 0
    bare = gpd.read_file(tmp_path / "bare.gpkg", layer="landslides")
    assert bare["model"].notna().all()
    assert bare[["agreement", "ndvi_change"]].isna().all(axis=None)


def test_vectorize_alone_knows_the_area_of_interest(
    stack: Path, two_areas: Path, tmp_path: Path
) -> None:
    assert (
        main(["detect", "--stack", str(stack), "--aoi", str(two_areas), "--out", str(tmp_path)])
        == 0
    )
    words = ["vectorize", "--probability", str(tmp_path / "probability.tif"), "--stack", str(stack)]
    assert main([*words, "--out", str(tmp_path / "again.gpkg")]) == 0
    runs = [
        read_inventory(tmp_path / name).run["masked_share"]
        for name in ("inventory.gpkg", "again.gpkg")
    ]
    assert runs[0] == runs[1]


def test_vectorize_alone_takes_the_models_threshold(
    found: Path, stack: Path, tmp_path: Path
) -> None:
    words = ["vectorize", "--probability", str(found / "probability.tif"), "--stack", str(stack)]
    assert main([*words, "--out", str(tmp_path / "same.gpkg")]) == 0
    assert main([*words, "--threshold", "0.6", "--out", str(tmp_path / "higher.gpkg")]) == 0
    first, same, higher = (
        gpd.read_file(path, layer="landslides")["area_m2"].sum()
        for path in (found / "inventory.gpkg", tmp_path / "same.gpkg", tmp_path / "higher.gpkg")
    )
    assert same == pytest.approx(first)
    assert higher < first


def test_vectorize_over_a_detection_says_that_its_report_is_of_before(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Path(shutil.copytree(found, tmp_path / "out"))
    words = [
        "vectorize",
        "--probability",
        str(out / "probability.tif"),
        "--threshold",
        "0.6",
        "--out",
    ]
    for name, sentences in (("inventory.gpkg", 1), ("another.gpkg", 0)):
        capsys.readouterr()
        assert main([*words, str(out / name)]) == 0
        assert capsys.readouterr().err.count("l4s report") == sentences


def without_bands(stack: Path, out: Path, *gone: str) -> Path:
    """A copy of a stack that lacks some bands."""
    with rasterio.open(stack) as source:
        bands = [
            number for number, name in enumerate(source.descriptions, start=1) if name not in gone
        ]
        with rasterio.open(out, "w", **{**source.profile, "count": len(bands)}) as target:
            target.write(source.read(bands))
            target.descriptions = [source.descriptions[b - 1] for b in bands]
            target.scales = [source.scales[b - 1] for b in bands]
            target.offsets = [source.offsets[b - 1] for b in bands]
    return out


@pytest.mark.parametrize(
    ("gone", "remedy"), [((), "--quality s2cloudless"), (("B10",), "--quality bright")]
)
def test_a_stack_without_a_cloud_mask_is_warned_of_and_reported(
    gone: tuple[str, ...], remedy: str, stack: Path, tmp_path: Path, capsys: Any
) -> None:
    bare = without_bands(stack, tmp_path / "bare.tif", "QA", *gone)
    assert main(["detect", "--stack", str(bare), "--out", str(tmp_path / "out")]) == 0
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if "cloud" in line]
    assert warning.startswith("warning: bare.tif has no cloud mask")
    assert remedy in warning
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["masked_share"]["cloud"] is None
    assert "not checked (no mask)" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_slope_of_half_the_ground_is_warned_of_and_reported(
    stack: Path, tmp_path: Path, capsys: Any
) -> None:
    half = Path(shutil.copy(stack, tmp_path / "half.tif"))
    with rasterio.open(half, "r+") as file:
        for name in ("slope", "DEM"):
            band = file.descriptions.index(name) + 1
            values = file.read(band)
            values[:, : values.shape[1] // 2] = file.nodata
            file.write(values, band)
    assert main(["detect", "--stack", str(half), "--out", str(tmp_path / "out")]) == 0
    assert "of the ground has no slope" in capsys.readouterr().err
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    with rasterio.open(tmp_path / "out" / "mask.tif") as file:
        seen = file.read(1) != 255
    assert run["slope_covered"] == pytest.approx(
        seen[:, seen.shape[1] // 2 :].sum() / seen.sum(), abs=1e-6
    )
    assert "mapped without a slope" in (tmp_path / "out" / "report.html").read_text(
        encoding="utf-8"
    )


def test_an_area_limits_the_result(stack: Path, found: Path, tmp_path: Path) -> None:
    with rasterio.open(stack) as file:
        left, bottom, right, top = file.bounds
        crs = file.crs
    half = box(left, bottom, (left + right) / 2, top)
    gpd.GeoSeries([half], crs=crs).to_crs(4326).to_file(tmp_path / "aoi.geojson", driver="GeoJSON")
    words = [
        "detect",
        "--stack",
        str(stack),
        "--aoi",
        str(tmp_path / "aoi.geojson"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    with rasterio.open(tmp_path / "out" / "mask.tif") as file:
        mask = file.read(1)
    assert (mask[:, 130:] == 255).all()
    assert (mask[10:-10, 10:110] != 255).mean() > 0.5
    shares = [
        json.loads((folder / "run.json").read_text())["masked_share"]
        for folder in (found, tmp_path / "out")
    ]
    assert shares[1]["nodata"] == shares[0]["nodata"], "outside the area nothing is hidden"


def test_several_stacks_and_areas_one_inventory_each_and_one_of_all(
    stack: Path, tmp_path: Path
) -> None:
    shutil.copy(stack, tmp_path / "other.tif")
    words = [
        "detect",
        "--stack",
        str(stack),
        str(tmp_path / "other.tif"),
        "--merge",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    each = [
        len(gpd.read_file(tmp_path / "out" / n / "inventory.gpkg", layer="landslides"))
        for n in ("valley", "other")
    ]
    merged = gpd.read_file(tmp_path / "out" / "inventory.gpkg", layer="landslides")
    assert each[0] == each[1] == len(merged) > 0, "the same scene twice is one scene"
    assert merged["id"].tolist() == list(range(1, len(merged) + 1))
    run, one = (
        json.loads((tmp_path / "out" / name / "run.json").read_text()) for name in (".", "valley")
    )
    assert run["landslides"] == run["mapped_twice"] == len(merged)
    assert run["area_km2"] == pytest.approx(one["area_km2"])
    assert run["masked_share"] == one["masked_share"]
    assert run["inputs"]["stack"] == [str(stack), str(tmp_path / "other.tif")]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"{len(merged)} landslides covering" in report


@pytest.fixture(scope="session")
def two_areas(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two polygons inside the stack and one far away, in degrees."""
    with rasterio.open(stack) as file:
        (left, bottom, right, top), crs = file.bounds, file.crs
    middle = (left + right) / 2
    shapes = [
        box(left + 100, bottom + 100, middle - 100, top - 100),
        box(middle + 100, bottom + 100, right - 100, top - 100),
    ]
    areas = gpd.GeoSeries([*shapes, box(left + 90_000, bottom, right + 90_000, top)], crs=crs)
    path = tmp_path_factory.mktemp("areas") / "areas.geojson"
    areas.to_crs(4326).to_file(path, driver="GeoJSON")
    return path


def landslides_in(folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(folder / "inventory.gpkg", layer="landslides")


def test_an_area_of_several_polygons_gives_one_inventory(
    stack: Path, two_areas: Path, found: Path, tmp_path: Path
) -> None:
    assert (
        main(["detect", "--stack", str(stack), "--aoi", str(two_areas), "--out", str(tmp_path)])
        == 0
    )
    shapes = gpd.read_file(two_areas).to_crs(landslides_in(found).crs).geometry
    table = landslides_in(tmp_path)
    touched = [table.intersects(shape).any() for shape in shapes]
    assert touched == [True, True, False], "slides in both polygons inside the imagery"
    assert table.intersects(shapes.union_all().buffer(10)).all(), "and nowhere else"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("area-")]
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert run["inputs"]["aoi"] == [str(two_areas)]


@pytest.mark.parametrize("merged", [False, True])
def test_each_area_gets_an_inventory_and_on_request_one_of_all(
    merged: bool, stack: Path, two_areas: Path, tmp_path: Path, capsys: Any
) -> None:
    words = [
        "detect",
        "--stack",
        str(stack),
        "--aoi",
        str(two_areas),
        "--each-area",
        "--out",
        str(tmp_path),
    ]
    assert main([*words, *(["--merge"] if merged else [])]) == 0
    each = sorted(tmp_path.glob("area-*"))
    assert [path.name for path in each] == [
        "area-1",
        "area-2",
    ], "the third lies outside the imagery"
    shapes = gpd.read_file(two_areas).to_crs(landslides_in(each[0]).crs).geometry
    for folder, mine, other in zip(each, shapes, shapes[1::-1], strict=False):
        assert {path.name for path in folder.iterdir()} >= OUTPUTS
        table = landslides_in(folder)
        assert len(table) > 0
        assert table.intersects(mine.buffer(10)).all()
        assert not table.intersects(other).any()
    assert (tmp_path / "inventory.gpkg").exists() == merged
    if not merged:
        return
    table = landslides_in(tmp_path)
    assert len(table) == sum(len(landslides_in(folder)) for folder in each)
    assert table["id"].is_unique
    # Fewer areas: the inventory of all follows, and what is left of the others is named.
    one = tmp_path / "one.geojson"
    gpd.read_file(two_areas).iloc[1:2].to_file(one, driver="GeoJSON")
    capsys.readouterr()
    words = [
        "detect",
        "--stack",
        str(stack),
        "--aoi",
        str(one),
        "--each-area",
        "--out",
        str(tmp_path),
    ]
    assert main([*words, "--merge"]) == 0
    assert "area-2 of an earlier run" in capsys.readouterr().err
    assert len(landslides_in(tmp_path)) == len(landslides_in(tmp_path / "area-1")) < len(table)
    assert main(words) == 0
    assert "area-2, inventory.gpkg of an earlier run" in capsys.readouterr().err


def test_several_stacks_without_merging_get_an_inventory_each(
    stack: Path, tmp_path: Path, capsysbinary: Any
) -> None:
    shutil.copy(stack, tmp_path / "other.tif")
    out = tmp_path / "out"
    words = [
        "detect",
        "--stack",
        str(stack),
        str(tmp_path / "other.tif"),
        "--out",
        str(out),
        "--events",
        "json",
    ]
    assert main(words) == 0
    result = events(capsysbinary.readouterr().out)[-1]
    assert [Path(each["out"]).name for each in result["results"]] == ["valley", "other"]
    assert result["merged"] is None
    assert not (out / "inventory.gpkg").exists()
    for name in ("valley", "other"):
        assert {path.name for path in (out / name).iterdir()} >= OUTPUTS


def threshold_of(found: Path, tmp_path: Path, stack: Path, *words: str) -> tuple[float, float]:
    """The threshold that a detection notes, and the lowest stored probability that its mask calls
    landslide."""
    shutil.copytree(
        found, tmp_path / "out", dirs_exist_ok=True
    )  # so that the network need not run again
    assert main(["detect", "--stack", str(stack), "--out", str(tmp_path / "out"), *words]) == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["reused"] is True
    with (
        rasterio.open(tmp_path / "out" / "probability.tif") as p,
        rasterio.open(tmp_path / "out" / "mask.tif") as m,
    ):
        return run["threshold"], float(p.read(1)[m.read(1) == 1].min() * 0.004)


def test_the_threshold_is_the_cards_or_the_one_given_or_the_scenes_own(
    found: Path, stack: Path, tmp_path: Path
) -> None:
    card = find_model(DEFAULT_MODEL).card.threshold
    own = automatic_threshold(ProbabilityRaster.open(found / "probability.tif"), around=card)
    assert own != card
    for words, expected in (
        ((), card),
        (("--threshold", "0.6"), 0.6),
        (("--threshold", "auto"), own),
    ):
        noted, lowest = threshold_of(found, tmp_path, stack, *words)
        assert noted == pytest.approx(expected)
        assert expected - 1e-6 <= lowest < expected + 0.02


def test_each_polygons_agreement_is_that_of_the_models_on_its_pixels(
    stack: Path, tmp_path: Path
) -> None:
    shutil.copytree(find_model(DEFAULT_MODEL).path, tmp_path / "other")
    card = json.loads((tmp_path / "other" / "card.json").read_text(encoding="utf-8"))
    card["normalization"]["mean"][card["normalization"]["channels"].index("slope")] += 8
    (tmp_path / "other" / "card.json").write_text(
        json.dumps({**card, "name": "other"}), encoding="utf-8"
    )
    seal(tmp_path / "other")
    words = [
        "detect",
        "--stack",
        str(stack),
        "--model",
        DEFAULT_MODEL,
        str(tmp_path / "other"),
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 0
    table = landslides_in(tmp_path)
    with (
        rasterio.open(tmp_path / "uncertainty.tif") as file,
        rasterio.open(tmp_path / "mask.tif") as mask,
    ):
        spread, slides, transform = file.read(1) * 0.004, mask.read(1) == 1, file.transform
    assert spread[slides].max() > 0.02, "the models do not all say the same"
    for row in table.sort_values("area_m2").tail(5).itertuples():
        inside = (
            geometry_mask([row.geometry], spread.shape, transform, invert=True, all_touched=True)
            & slides
        )
        assert row.agreement == pytest.approx(1 - 2 * spread[inside].mean(), abs=0.02)
    assert table["agreement"].nunique() > 1


def test_windows_overlap_as_the_card_asks_or_as_is_asked_for(
    stack: Path, found: Path, tmp_path: Path
) -> None:
    card = find_model(DEFAULT_MODEL).card
    words = ["detect", "--stack", str(stack), "--window", "128", "--out"]
    assert main([*words, str(tmp_path / "card")]) == 0
    assert main([*words, str(tmp_path / "asked"), "--overlap", "64"]) == 0
    runs = {
        name: json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8"))
        for name in ("card", "asked")
    }
    assert card.reach_px is not None
    assert runs["card"]["windows"]["overlap_px"] < 64 == runs["asked"]["windows"]["overlap_px"]
    assert f"reach is {card.reach_px} pixels" in runs["card"]["windows"]["overlap_reason"]
    assert runs["asked"]["windows"]["overlap_reason"] == "It was asked for."
    assert runs["asked"]["parameters"]["inference"]["overlap_px"] == 64
    pixels = []
    for folder in (found, tmp_path / "card", tmp_path / "asked"):
        with rasterio.open(folder / "probability.tif") as file:
            pixels.append(file.read(1).astype(int))
    assert max(np.abs(pixels[0] - other).max() for other in pixels[1:]) <= 1


def test_missing_channels_are_tolerated_where_the_card_says_so(stack: Path, tmp_path: Path) -> None:
    with rasterio.open(stack) as source:
        names = [n for n in source.descriptions if n in ("B02", "B03", "B04", "slope", "DEM")]
        bands = [source.descriptions.index(n) + 1 for n in names]
        profile = {**source.profile, "count": len(bands)}
        with rasterio.open(tmp_path / "rgb.tif", "w", **profile) as target:
            target.write(source.read(bands))
            for i, name in enumerate(names, start=1):
                target.set_band_description(i, name)
            target.scales = [source.scales[b - 1] for b in bands]
            target.offsets = [source.offsets[b - 1] for b in bands]
    assert (
        main(["detect", "--stack", str(tmp_path / "rgb.tif"), "--out", str(tmp_path / "out")]) == 0
    )
    assert json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]["channels"] == names


def bad_inputs(tmp_path: Path, stack: Path) -> dict[str, tuple[list[str], str]]:
    """Words of the command line that must fail, and what the sentence must say."""
    with rasterio.open(stack) as source:
        profile, values = source.profile, source.read()
    unnamed, empty, cut = tmp_path / "unnamed.tif", tmp_path / "empty.tif", tmp_path / "cut.tif"
    with rasterio.open(unnamed, "w", **profile) as target:
        target.write(values)
    with rasterio.open(empty, "w", **profile) as target, rasterio.open(stack) as source:
        target.write(np.full_like(values, profile["nodata"]))
        for i, name in enumerate(source.descriptions, start=1):
            target.set_band_description(i, name)
    cut.write_bytes(stack.read_bytes()[: stack.stat().st_size // 2])
    (tmp_path / "blocked").write_text("a file where a folder is needed")
    (tmp_path / "model.pt").write_bytes(b"\x80\x04pickle")
    shutil.copytree(find_model(DEFAULT_MODEL).path, tmp_path / "damaged")
    onnx = tmp_path / "damaged" / "model.onnx"
    onnx.write_bytes(onnx.read_bytes()[:-1] + b"!")
    out = ["--out", str(tmp_path / "out")]
    return {
        "no such file": (["--stack", str(tmp_path / "none.tif"), *out], "no file"),
        "no names": (["--stack", str(unnamed), *out], "none of its"),
        "all nodata": (["--stack", str(empty), *out], "no"),
        "truncated": (["--stack", str(cut), *out], "cannot be read"),
        "nothing given": (out, "--stack or --sentinel2"),
        "threshold": (["--stack", str(stack), "--threshold", "7", *out], "between 0 and 1"),
        "threshold text": (
            ["--stack", str(stack), "--threshold", "high", *out],
            "neither a number",
        ),
        "no model": (["--stack", str(stack), "--model", "giant", *out], "no model named"),
        "pickle": (["--stack", str(stack), "--model", str(tmp_path / "model.pt"), *out], "pickle"),
        "digest": (["--stack", str(stack), "--model", str(tmp_path / "damaged"), *out], "SHA-256"),
        "folder": (
            ["--stack", str(stack), "--out", str(tmp_path / "blocked" / "out")],
            "cannot be written",
        ),
        "each": (["--stack", str(stack), "--each-area", *out], "--aoi"),
        "scene": (
            [
                "--stack",
                str(stack),
                "--dem",
                str(stack),
                "--bounds",
                "1",
                "2",
                "3",
                "4",
                "--dn-offset",
                "0",
                "--quality",
                "off",
                *out,
            ],
            (
                "--dem, --bounds, --quality, --dn-offset would change nothing, because --stack"
                " gives a finished stack"
            ),
        ),
    }


@pytest.mark.parametrize(
    "case",
    [
        "no such file",
        "no names",
        "all nodata",
        "truncated",
        "nothing given",
        "threshold",
        "threshold text",
        "no model",
        "pickle",
        "digest",
        "folder",
        "each",
        "scene",
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    case: str, tmp_path: Path, stack: Path, capsys: Any
) -> None:
    words, expected = bad_inputs(tmp_path, stack)[case]
    capsys.readouterr()
    assert main(["detect", *words]) == 2
    shown = capsys.readouterr().err
    last = shown.strip().splitlines()[-1]
    assert last.startswith("l4s: ")
    assert expected in last
    assert "Traceback" not in shown
    left = (
        {path.name for path in (tmp_path / "out").rglob("*")}
        if (tmp_path / "out").exists()
        else set()
    )
    assert not left & OUTPUTS


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
def test_interrupting_a_detection_leaves_no_half_written_file(tmp_path: Path) -> None:
    scene = simulate(tmp_path / "scene", SimulationConfig(size_px=900, seed=1))
    stack = make_stack(scene.imagery, scene.dem, out=tmp_path / "stack.tif")
    words = [
        "detect",
        "--stack",
        str(stack.path),
        "--window",
        "256",
        "--out",
        str(tmp_path / "out"),
        "--events",
        "json",
    ]
    process = subprocess.Popen([sys.executable, "-m", "engine", *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["stage"] == "detect" and event["done"] > 0:
            break
    # Processor time, not the clock: the promise is two seconds, and a busy machine must not break
    # it.
    before = psutil.Process(process.pid).cpu_times()
    process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 130
    assert usage.ru_utime + usage.ru_stime - before.user - before.system < 2
    assert not {path.name for path in (tmp_path / "out").iterdir()} & OUTPUTS


def test_demo_leaves_pictures_and_polygons(tmp_path: Path, capsys: Any) -> None:
    assert main(["demo", "--size", "240", "--out", str(tmp_path)]) == 0
    assert "landslides detected" in capsys.readouterr().out
    assert (tmp_path / "demo.png").stat().st_size > 20_000
    assert {path.name for path in tmp_path.iterdir()} >= OUTPUTS
