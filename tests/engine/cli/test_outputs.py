import os
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from engine.cli import main
from engine.cli.outputs import keep_inputs, require_suffix
from engine.errors import ConfigError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def precious(name: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"hours of work")
    return path


def test_an_output_that_is_no_input_may_be_written() -> None:
    source, other = precious("a.tif"), precious("b.tif")
    keep_inputs([Path("new.tif"), other], [source, None, Path("missing.tif")])


def test_an_input_is_recognised_by_any_of_its_names() -> None:
    source = precious("folder/a.tif")
    names = [source.resolve(), Path("folder/../folder/a.tif")]
    os.link(source, "hard.tif")
    names.append(Path("hard.tif"))
    if os.name != "nt":
        Path("soft.tif").symlink_to(source)
        names.append(Path("soft.tif"))
    for name in names:
        with pytest.raises(
            ConfigError, match=r"would destroy .*a\.tif, which is read; choose another name"
        ):
            keep_inputs([name], [source])
        with pytest.raises(ConfigError, match="would destroy"):
            keep_inputs([source], [name])


def test_the_suffix_tells_the_kind_of_file() -> None:
    require_suffix(Path("a.TIF"), ".tif", ".tiff")
    with pytest.raises(ConfigError, match=r"review\.gpkg does not end in \.tif or \.tiff"):
        require_suffix(Path("review.gpkg"), ".tif", ".tiff")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("report --inventory review.gpkg --out review.gpkg", "review.gpkg"),
        ("report --inventory review.gpkg --out other.gpkg", "other.gpkg"),
        ("report --inventory review.gpkg --stack a.html --out a.html", "a.html"),
        ("compare --inventory review.gpkg --reference true.gpkg --out review.gpkg", "review.gpkg"),
        ("compare --inventory review.gpkg --reference true.gpkg --out true.gpkg", "true.gpkg"),
        ("compare --inventory review.gpkg --reference true.gpkg --out other.gpkg", "other.gpkg"),
        ("compare --inventory review.gpkg --reference true.shp --out true.shp", "true.shp"),
        ("export --inventory review.geojson --out review.geojson", "review.geojson"),
        ("vectorize --probability p.tif --out p.tif", "p.tif"),
        ("stack --sentinel2 mine.tif --out mine.tif", "mine.tif"),
        ("stack --sentinel2 mine.tif --dem dem.tif --out dem.tif", "dem.tif"),
        ("stack --sentinel2 mine.tif --before s.change.tif --out s.tif", "s.change.tif"),
        ("stack --sentinel2 bands --out bands/B02.tif", "bands/B02.tif"),
        ("stack --sentinel2 mine.tif --out review.gpkg", "review.gpkg"),
        ("detect --sentinel2 out/stack.tif --out out", "out/stack.tif"),
        ("detect --sentinel2 mine.tif --before out/change.tif --out out", "out/change.tif"),
        ("data check patches --sheet review.gpkg", "review.gpkg"),
    ],
)
def test_no_command_writes_over_what_it_reads(
    words: str, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in words.split():
        if "." in Path(name).name:
            precious(name)
    assert main(words.split()) == 2
    shown = capsys.readouterr().err
    assert "choose another name" in shown or "choose such a name" in shown
    assert Path(kept).read_bytes() == b"hours of work"


def test_predicted_masks_do_not_replace_the_true_ones(capsys: pytest.CaptureFixture[str]) -> None:
    precious("data/TrainData/img/image_1.h5")
    mask = precious("data/TrainData/mask/mask_1.h5")
    words = "predict-patches --data data --split train --out data/TrainData/mask"
    assert main(words.split()) == 2
    assert "would destroy" in capsys.readouterr().err
    assert mask.read_bytes() == b"hours of work"


@pytest.mark.parametrize(
    ("layer", "allowed"), [("landslides", False), ("my slides", False), ("missed", True)]
)
def test_a_comparison_replaces_only_an_earlier_one(
    layer: str, allowed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = gpd.GeoDataFrame(
        {"status": ["accepted"]}, geometry=[box(500000, 0, 500100, 100)], crs=32651
    )
    shapes.to_file("review.gpkg", layer="landslides")
    shutil.copy("review.gpkg", "true.gpkg")
    shapes.to_file("out.gpkg", layer=layer)
    before = Path("out.gpkg").read_bytes()
    code = main(
        ["compare", "--inventory", "review.gpkg", "--reference", "true.gpkg", "--out", "out.gpkg"]
    )
    assert (code == 0) == allowed
    assert (Path("out.gpkg").read_bytes() == before) != allowed
    assert (
        allowed or f"holds {layer}, which the comparison would replace" in capsys.readouterr().err
    )
