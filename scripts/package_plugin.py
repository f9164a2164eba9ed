"""Build the plugin's zip: plugin, icons, guide, engine source, model.

python scripts/package_plugin.py [--out dist]

::

    l4s_qgis/
      metadata.txt, LICENSE, *.py …     the plugin
      resources/icons
      docs/guides, docs/images          the guides, shown as help
      engine_source/                    what the plugin installs into the engine's own Python:
      pyproject.toml, engine, resources/models
"""

from __future__ import annotations

import argparse
import configparser
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "l4s_qgis"
MAX_BYTES = 25 * 2**20
REQUIRED = (
    "name",
    "description",
    "about",
    "version",
    "qgisMinimumVersion",
    "author",
    "email",
    "homepage",
    "tracker",
    "repository",
)
LEFT_OUT = {"__pycache__", "ruff.toml", "translate.py"}
LEFT_OUT_SUFFIXES = {".pyc", ".pyo", ".so", ".dll", ".pyd", ".ts", ".tmp"}
# One date for all: the same source gives the same zip.
DATE = (2020, 1, 1, 0, 0, 0)


def contents(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every file of the zip: where it lies, and its path inside."""
    for source, target in (
        (PLUGIN, ""),
        ("resources/icons", "resources/icons"),
        ("engine", "engine_source/engine"),
        ("resources/models", "engine_source/resources/models"),
    ):
        for path in sorted((root / source).rglob("*")):
            if path.is_file() and _wanted(path.relative_to(root)):
                yield (
                    path,
                    "/".join(
                        part
                        for part in (PLUGIN, target, path.relative_to(root / source).as_posix())
                        if part
                    ),
                )
    for name, target in (
        ("metadata.txt", "metadata.txt"),
        ("LICENSE", "LICENSE"),
        ("pyproject.toml", "engine_source/pyproject.toml"),
        ("README.md", "engine_source/README.md"),
        ("LICENSE", "engine_source/LICENSE"),
    ):
        yield root / name, f"{PLUGIN}/{target}"
    guides = sorted((root / "docs" / "guides").glob("*.md"))
    for path in (*guides, *_pictures(guides)):
        yield path, f"{PLUGIN}/{path.relative_to(root).as_posix()}"


def _pictures(pages: Iterable[Path]) -> list[Path]:
    """The pictures that pages show, each once."""
    found = {
        (page.parent / name).resolve()
        for page in pages
        for name in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in name
    }
    return sorted(path for path in found if path.is_file())


def build(out: Path, root: Path = ROOT) -> Path:
    """Build the zip.

    Args:
        out: Folder that receives it.
        root: The repository.

    Returns:
        Its path, ``out/l4s_qgis-VERSION.zip``.

    Raises:
        SystemExit: It would break a rule of the plugin repository.
    """
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.optionxform = str  # type: ignore[assignment,method-assign]
    metadata.read(root / "metadata.txt", encoding="utf-8")
    missing = [key for key in REQUIRED if not metadata["general"].get(key)]
    if missing:
        raise SystemExit(
            f"metadata.txt misses {', '.join(missing)}; the plugin repository requires them."
        )
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{PLUGIN}-{metadata['general']['version']}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for source, target in contents(root):
            entry = zipfile.ZipInfo(target, DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(
                entry, _allow_digests(source) if source.name == "card.json" else source.read_bytes()
            )
    size = path.stat().st_size
    if size > MAX_BYTES:
        path.unlink()
        raise SystemExit(
            f"The zip would be {size / 2**20:.1f} MiB; the plugin repository takes"
            f" {MAX_BYTES / 2**20:.0f} MiB."
        )
    return path


def _allow_digests(card: Path) -> bytes:
    """A model card whose digests detect-secrets accepts.

    JSON has no comments, so the pragma is a value beside each digest.
    """
    data = json.loads(card.read_text(encoding="utf-8"))
    digest, files = data.pop("digest"), data.pop("files")
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps({**entry, 'note': '# pragma: allowlist secret'})}"
        for name, entry in files.items()
    )
    return (
        json.dumps(data, indent=2, ensure_ascii=False)[:-2]
        + f',\n"digest": {json.dumps(digest)}, "files": {{{lines}}}\n}}\n'
    ).encode()


def _wanted(path: Path) -> bool:
    return not (
        LEFT_OUT & set(path.parts)
        or path.suffix in LEFT_OUT_SUFFIXES
        or any(part.startswith(".") for part in path.parts)
    )


def main() -> None:
    """Build the zip and say how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)"
    )
    path = build(parser.parse_args().out)
    print(f"{path}  {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
