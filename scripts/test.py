"""Install everything that the tests need, then run them all.

Style and types, the documentation, the engine's tests, and the plugin's tests in real QGIS.

python3 scripts/test.py [--only lint|engine|plugin] [-- PYTEST ARGUMENTS]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import environment

QGIS_PYTHON = Path("/usr/bin/python3")
DEBIAN = {
    "qgis": ["qgis", "python3-qgis", "python3-venv"],
    "gdaldem": ["gdal-bin"],  # the reference for slopes
    "xvfb-run": ["xvfb", "xauth"],
    "xdotool": ["xdotool"],
    "import": ["imagemagick"],  # screenshots
    "chromium": ["chromium", "fonts-dejavu-core"],  # the report in a real browser
    "g++": ["g++"],  # pydensecrf2 has no wheels
}
# Two workers and numerical libraries of one thread each: faster on two cores than one worker with
# two threads.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# MkDocs and its theme argue about their successors on every build.
NO_NOTICES = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PROJ_LIB",
    "PROJ_DATA",
    "GDAL_DATA",
    "GDAL_DRIVER_PATH",
    "QT_PLUGIN_PATH",
)


def lint(python: Path) -> list[int]:
    """Style, types, and the documentation without broken links."""
    return [
        environment.run([python, "-m", "ruff", "check", "."]),
        environment.run([python, "-m", "ruff", "format", "--check", "."]),
        environment.run([python, "-m", "mypy"]),
        environment.run([python, "-m", "mkdocs", "build", "--quiet", "--strict"], NO_NOTICES),
    ]


def engine(python: Path, words: list[str]) -> list[int]:
    """The engine's tests, in an environment of its own."""
    return [
        environment.run(
            [python, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *words], ONE_THREAD
        )
    ]


def plugin(engine_python: Path, words: list[str]) -> list[int]:
    """The plugin's tests, in the system's QGIS; the engine runs as its worker, as for users."""
    if not QGIS_PYTHON.exists() or shutil.which("qgis") is None:
        print(
            "QGIS is not installed here, so the plugin's tests cannot run; install QGIS >= 3.22"
            " first."
        )
        return [1]
    python = environment.virtual_environment(
        "plugin", ["pytest>=8", "pytest-qgis==5.0.2"], python=QGIS_PYTHON, system_packages=True
    )
    settings = {
        "QT_QPA_PLATFORM": "offscreen",
        "L4S_ENGINE_PYTHON": str(engine_python),
        "LC_ALL": "C.UTF-8",
    }
    ini = environment.ROOT / "tests" / "plugin" / "pytest.ini"
    return [
        environment.run(
            [python, "-m", "pytest", "-q", "-c", ini, "--rootdir", ini.parent, ini.parent, *words],
            settings,
        )
    ]


def main() -> None:
    """Set up and run."""
    environment.require_python()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["lint", "engine", "plugin"], help="run one part only")
    parser.add_argument("words", nargs="*", help="arguments for pytest, after --")
    args = parser.parse_args()
    for name in FOREIGN:
        os.environ.pop(name, None)
    start = time.monotonic()
    environment.debian_packages(DEBIAN)
    python = environment.virtual_environment("engine", ["-e", ".[train,crf,clouds,cluster,dev]"])
    codes: list[int] = []
    if args.only in (None, "lint"):
        codes += lint(python)
    if args.only in (None, "engine"):
        codes += engine(python, args.words)
    if args.only in (None, "plugin"):
        codes += plugin(python, args.words)
    print(
        f"Set-up and tests took {(time.monotonic() - start) / 60:.1f} min:"
        f" {'failed' if any(codes) else 'all passed'}."
    )
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
