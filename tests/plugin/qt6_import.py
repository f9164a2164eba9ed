"""Import every module of the plugin under PyQt6; check names of Qt.

Run by ``test_qt6.py``.

No QGIS for Qt 6 is needed: ``qgis.PyQt`` is PyQt6 with the few names that QGIS keeps in their old
place, ``qgis.core`` and ``qgis.gui`` give an empty class for every name. Prints one line for each
fault.

python qt6_import.py FOLDER_WITH_L4S_QGIS
"""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

# to QtGui in Qt 6; QGIS's QtWidgets offers them still
MOVED = ("QAction", "QActionGroup", "QShortcut")
NOT_OF_QT = (
    "qgis.core",
    "qgis.gui",
    "qgis.utils",
    "osgeo",
    "osgeo.gdal",
    "osgeo.ogr",
    "osgeo.osr",
    "numpy",
)
SCRIPTS = {"translate.py"}


class AnyName(type):
    """A class whose attributes are classes again, however deep."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyName(name, (), {})

    def __or__(cls, other: object) -> type:
        return cls


def shim() -> None:
    """Offer ``qgis`` and what else a plain Python does not have."""
    package = ModuleType("qgis.PyQt")
    for name in ("QtCore", "QtGui", "QtWidgets", "QtNetwork", "QtSvg", "QtXml"):
        module = ModuleType(f"qgis.PyQt.{name}")
        module.__dict__.update(importlib.import_module(f"PyQt6.{name}").__dict__)
        setattr(package, name, module)
        sys.modules[f"qgis.PyQt.{name}"] = module
    for name in MOVED:
        setattr(package.QtWidgets, name, getattr(package.QtGui, name))
    sys.modules["qgis"], sys.modules["qgis.PyQt"] = ModuleType("qgis"), package
    for name in NOT_OF_QT:
        stand_in = ModuleType(name)
        stand_in.__getattr__ = lambda wanted: AnyName(wanted, (), {})
        sys.modules[name] = stand_in


def faults(path: Path, module: str) -> list[str]:
    """What fails on import, and names that Qt 6 does not have."""
    try:
        importlib.import_module(module)
    except Exception:
        return [f"{module}: {traceback.format_exc().splitlines()[-1]}"]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = {
        alias.asname or alias.name: getattr(sys.modules[node.module], alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("qgis.PyQt.")
        and node.level == 0
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            chain = ast.unparse(node).split(".")
            if chain[0] in classes and all(part.isidentifier() for part in chain):
                value = classes[chain[0]]
                for part in chain[1:]:
                    if not hasattr(value, part):
                        found.append(f"{module}:{node.lineno}: Qt 6 has no {'.'.join(chain)}")
                        break
                    value = getattr(value, part)
    return found


def main(folder: Path) -> int:
    """Import everything."""
    shim()
    sys.path.insert(0, str(folder))
    found: list[str] = []
    paths = [
        path for path in sorted((folder / "l4s_qgis").rglob("*.py")) if path.name not in SCRIPTS
    ]
    for path in paths:
        parts = path.relative_to(folder).with_suffix("").parts
        found += faults(path, ".".join(part for part in parts if part != "__init__"))
    print("\n".join([f"{len(paths)} modules", *sorted(set(found))]))  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
