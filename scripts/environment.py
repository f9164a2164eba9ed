"""Set up what the other scripts need on a fresh machine: packages and environments.

Works with nothing but a bare Python >= 3.10, on Linux, macOS and Windows; only on Debian and its
kin does it install system packages (QGIS, a compiler, a virtual screen), because only there it
knows how.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / ".venv"
_STAMP = "l4s-installed"


def run(
    command: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> int:
    """Show a command, run it, and return its exit code."""
    print("$", " ".join(str(word) for word in command), flush=True)
    return subprocess.call(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})}
    )


def must(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run a command; end the program with its exit code if it fails."""
    code = run(command, env)
    if code:
        sys.exit(f"The command above failed with exit code {code}.")


def debian_packages(programs: Mapping[str, Sequence[str]]) -> None:
    """Install Debian packages where what they provide is missing.

    Args:
        programs: A program or an absolute path that shows the packages are there, and their names.
    """
    missing = [
        package
        for probe, packages in programs.items()
        if not _present(probe)
        for package in packages
    ]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        print(
            f"These have to be installed by hand on this system: {', '.join(missing)}.", flush=True
        )
        return
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    must([*root, "apt-get", "update", "-qq"], quiet)
    must([*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], quiet)


def virtual_environment(
    name: str,
    requirements: Sequence[str],
    *,
    python: str | Path = sys.executable,
    system_packages: bool = False,
) -> Path:
    """Create or update a virtual environment.

    Args:
        name: Its folder below ``.venv``.
        requirements: Arguments for ``pip install``.
        python: The interpreter that it is made from.
        system_packages: Whether packages of that interpreter (QGIS's) stay visible.

    Returns:
        Its interpreter.
    """
    folder = ENVIRONMENTS / name
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    key = "\n".join(
        [str(python), *requirements, (ROOT / "pyproject.toml").read_text(encoding="utf-8")]
    )
    digest = hashlib.sha256(key.encode()).hexdigest()
    stamp = folder / _STAMP
    if interpreter.exists() and stamp.exists() and stamp.read_text() == digest:
        return interpreter
    if not interpreter.exists():
        if subprocess.call([str(python), "-c", "import ensurepip"], stderr=subprocess.DEVNULL):
            debian_packages({"/nonexistent": ["python3-venv"]})
        must(
            [python, "-m", "venv", *(["--system-site-packages"] if system_packages else []), folder]
        )
    must(
        [
            interpreter,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--upgrade",
            "pip",
        ]
    )
    must([interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements])
    stamp.write_text(digest)
    return interpreter


def require_python() -> None:
    """End with a clear sentence on a Python that is too old."""
    if sys.version_info < (3, 10):  # noqa: UP036  (the script may well be started by an older one)
        sys.exit(
            f"Python 3.10 or newer is needed, but this is {sys.version.split()[0]}; run this script"
            " with a newer one."
        )


def _present(probe: str) -> bool:
    return Path(probe).exists() if probe.startswith("/") else shutil.which(probe) is not None
