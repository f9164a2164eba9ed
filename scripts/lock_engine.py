"""Lock the engine's environments: exact versions with hashes, for every platform.

python scripts/lock_engine.py

Writes ``l4s_qgis/worker/locks``: ``light.txt`` and ``full.txt`` (what the plugin installs) and
``uv.txt`` (the installer itself). Needs uv and the Python Package Index. Run it whenever the
dependencies in ``pyproject.toml`` change; a test compares the two.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "l4s_qgis" / "worker" / "locks"
PYTHONS = ">=3.10,<3.14"
BUILD = "hatchling>=1.24"  # builds the engine's source, which comes with the plugin
PLATFORMS = (
    ("win32", "AMD64"),
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "arm64"),
    ("darwin", "x86_64"),
)
INTEL_MAC = ("darwin", "x86_64")  # PyTorch has made no wheels for it since 2.2
CONSTRAINTS = ["rasterio<1.4.4; sys_platform == 'darwin'"]  # newer ones need macOS 15
PRAGMA = "  # pragma: allowlist secret"  # detect-secrets takes hashes for secrets


def dependencies(kind: str) -> list[str]:
    """What an installation asks for.

    Args:
        kind: ``light`` or ``full``.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["train"] if kind == "full" else []
    return [*project["dependencies"], *extra, BUILD]


def lock(kind: str) -> str:
    """The lock of an installation, one package a line."""
    platforms = [p for p in PLATFORMS if kind == "light" or p != INTEL_MAC]
    markers = [f"sys_platform == '{s}' and platform_machine == '{m}'" for s, m in platforms]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "pyproject.toml").write_text(
            '[project]\nname = "l4s-environment"\nversion = "0"\n'
            f"requires-python = {json.dumps(PYTHONS)}\n"
            f"dependencies = {json.dumps(dependencies(kind))}\n"
            f"[tool.uv]\npackage = false\nenvironments = {json.dumps(markers)}\n"
            f"required-environments = {json.dumps(markers)}\n"
            f"constraint-dependencies = {json.dumps(CONSTRAINTS)}\n",
            encoding="utf-8",
        )
        _uv(["lock"], project)
        export = ["export", "--format", "requirements-txt", "--no-emit-project", "--frozen"]
        return _one_line_each(_uv([*export, "--no-annotate", "--no-header"], project))


def lock_uv() -> str:
    """The newest uv with the hashes of its wheels."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "uv.in").write_text("uv\n", encoding="utf-8")
        compiled = ["pip", "compile", "--no-config", "--universal", "--generate-hashes"]
        words = [*compiled, "--no-annotate", "--no-header", "uv.in"]
        return _one_line_each(_uv(words, Path(folder)))


def _one_line_each(text: str) -> str:
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = [line for line in joined.splitlines() if "--hash=" in line]
    return "".join(f"{line}{PRAGMA}\n" for line in lines)


def _uv(words: list[str], folder: Path) -> str:
    ended = subprocess.run(["uv", *words], cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"uv {words[0]} failed:\n{ended.stderr}")
    return ended.stdout


def main() -> None:
    """Write all locks."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    for name, text in (("uv", lock_uv()), ("light", lock("light")), ("full", lock("full"))):
        (LOCKS / f"{name}.txt").write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.splitlines())} packages")


if __name__ == "__main__":
    main()
