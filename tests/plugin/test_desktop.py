"""A real QGIS desktop under Xvfb, with the built zip and real clicks."""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest
from osgeo import gdal

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT_S = int(os.environ.get("L4S_DESKTOP_LIMIT", "240"))
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12")


def build_zip(out: Path) -> Path:
    """Run ``scripts/package_plugin.py``."""
    spec = importlib.util.spec_from_file_location(
        "package_plugin", ROOT / "scripts" / "package_plugin.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build(out)


def install(archive: Path, profiles: Path) -> None:
    """Install a plugin zip into a fresh profile, as the manager does."""
    home = profiles / "profiles" / "default"
    (home / "python" / "plugins").mkdir(parents=True)
    with zipfile.ZipFile(archive) as content:
        content.extractall(home / "python" / "plugins")
    settings = configparser.ConfigParser()
    settings.optionxform = str
    settings["PythonPlugins"] = {"l4s_qgis": "true"}
    settings["qgis"] = {"checkVersion": "false", "showTips": "false", "enableMacros": "0"}
    if os.environ.get("L4S_DESKTOP_THEME"):
        settings["UI"] = {"UITheme": os.environ["L4S_DESKTOP_THEME"]}
    settings["locale"] = {
        "overrideFlag": "true",
        "userLocale": os.environ.get("L4S_DESKTOP_LOCALE", "en"),
    }
    (home / "QGIS").mkdir()
    with (home / "QGIS" / "QGIS3.ini").open("w") as file:
        settings.write(file, space_around_delimiters=False)


def make_scene(folder: Path, python: str, size: int) -> None:
    """A simulated scene, its bands in one virtual raster."""
    words = [
        python,
        "-m",
        "engine",
        "simulate",
        "--out",
        str(folder),
        "--size",
        str(size),
        "--seed",
        "4",
        "--clouds",
        "0",
    ]
    subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
    files = [str(folder / "sentinel2" / f"{band}.tif") for band in BANDS]
    virtual = gdal.BuildVRT(str(folder / "image.vrt"), files, separate=True, resolution="highest")
    for index, band in enumerate(BANDS, start=1):
        virtual.GetRasterBand(index).SetDescription(band)
    virtual.FlushCache()


def run_group(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command with all its children until it ends or the limit.

    Returns its exit code and what it wrote to stderr.
    """
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            errors = process.communicate(timeout=LIMIT_S)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            errors = process.communicate()[1]
    return process.returncode, errors.decode(errors="replace")


@pytest.fixture
def desktop(tmp_path, engine_python):
    """Starts a real QGIS with the built zip and runs a story in it."""
    for program in ("qgis", "xvfb-run", "xdotool", "import"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")

    def start(story: str, size: int) -> tuple[dict[str, object], int, str]:
        for name in ("scene", "shots", "results"):
            (tmp_path / name).mkdir()
        make_scene(tmp_path / "scene", str(engine_python), size)
        install(build_zip(tmp_path / "dist"), tmp_path / "profile")
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "xcb",
            "LC_ALL": "C.UTF-8",
            "L4S_DESKTOP": str(tmp_path),
            "L4S_DESKTOP_STORY": story,
            "L4S_DESKTOP_TESTS": str(HERE),
            "L4S_ENGINE_PYTHON": str(engine_python),
            "PYTHONPATH": "",
            "XDG_RUNTIME_DIR": str(tmp_path),
            # QGIS's embedded Python looks for its home beside the first python3 on the path, which
            # must be the system's.
            "PATH": os.pathsep.join(["/usr/bin", "/bin", os.environ.get("PATH", "")]),
        }
        # 96 dpi: newer QGIS scales its windows by anything else, and a click's place would not be
        # xdotool's.
        command = [
            "xvfb-run",
            "-a",
            "-s",
            "-screen 0 1600x1000x24 -dpi 96",
            "qgis",
            "--nologo",
            "--noversioncheck",
            "--profiles-path",
            str(tmp_path / "profile"),
            "--profile",
            "default",
            "--code",
            str(HERE / "desktop_session.py"),
        ]
        ended, errors = run_group(command, environment)
        keep = os.environ.get("L4S_DESKTOP_KEEP")
        artefacts = (Path(keep) if keep else ROOT / "artefacts" / "desktop") / (
            "" if story == "session" else story
        )
        artefacts.mkdir(parents=True, exist_ok=True)
        for shot in (tmp_path / "shots").glob("*.png"):
            shutil.copy(shot, artefacts / shot.name)
        report = tmp_path / "report.json"
        assert report.exists(), errors[-3000:]
        shutil.copy(report, artefacts / "report.json")
        facts = json.loads(report.read_text())
        assert facts["ok"], facts.get("error")
        assert facts["plugin_errors"] == []
        return facts, ended, errors

    return start


@pytest.mark.desktop
def test_detect_review_export_in_a_real_desktop(desktop):
    facts, ended, errors = desktop("session", int(os.environ.get("L4S_DESKTOP_SIZE", "300")))
    assert ended == 0, errors[-2000:]
    assert facts["landslides"] > 3
    assert facts["statuses"] == ["accepted", "pending", "rejected"]
    assert facts["pieces"] >= 2  # a bent landslide falls into more
    assert not facts["split_left_edit_mode"]
    assert not facts["merge_left_edit_mode"]
    assert facts["exported"] == 3  # two accepted, one edited
    assert facts["longest_pause_s"] < 2.0
    assert {
        "l4s:detect",
        "l4s:stack",
        "l4s:vectorize",
        "l4s:compare",
        "l4s:report",
        "l4s:train",
        "l4s:adapt",
    } <= set(facts["algorithms"])


@pytest.mark.desktop
def test_closing_a_real_desktop_ends_the_engine(desktop, tmp_path):
    facts, ended, errors = desktop("closing", 1000)
    assert ended == 0, errors[-2000:]
    assert facts["engine"]
    assert not [pid for pid in facts["engine"] if Path(f"/proc/{pid}").exists()]
    assert not (tmp_path / "results" / "inventory.gpkg").exists()
    assert not list((tmp_path / "results").glob("*.tmp*"))


@pytest.mark.desktop
def test_each_choice_of_the_dialog_in_a_real_desktop(desktop):
    """Any limit of the area ended QGIS once."""
    facts, ended, errors = desktop("choices", 150)
    assert ended == 0, errors[-2000:]
    assert facts["areas"] == [0, 1, 2, 2]
    assert facts["natural"]


@pytest.mark.desktop
def test_many_detections_in_one_desktop(desktop):
    """A short one; ``scripts/soak_plugin.py`` runs hundreds."""
    facts, ended, errors = desktop("soak", 120)
    assert ended == 0, errors[-2000:]
    count = int(os.environ.get("L4S_SOAK", "8"))
    assert len(facts["outcomes"]) == count
    assert set(facts["outcomes"]) <= {"done", "cancelled"}
    assert facts["outcomes"].count("done") >= 0.7 * count
    memory = facts["memory_mb"]
    if len(memory) > 10:  # what QGIS keeps from its first results on does not grow
        assert memory[-1] < 1.25 * memory[len(memory) // 4]


@pytest.mark.desktop
def test_demo_statistics_layout_and_options_in_a_real_desktop(desktop):
    facts, ended, errors = desktop("pages", 120)
    assert ended == 0, errors[-2000:]
    assert "Landslides: " in facts["statistics"]
    assert facts["options"]
