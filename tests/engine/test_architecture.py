"""The dependency direction of docs/develop/architecture.md, checked on the source itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "engine"

LAYERS = [
    {"errors", "events", "bands", "units", "status"},
    {"files", "members", "settings", "nodata", "ground", "dateline"},
    {"grid", "lock"},
    {"raster", "vector", "contents"},
    {"handles"},
    {"scene", "patches", "models", "inventory"},
    {"samples", "inference", "evaluation", "report"},
    {"training"},
    {"pipeline"},
    {"demo"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# Packages of one layer do not use each other, but for those of the lowest. A package uses lower
# ones, less what is forbidden here.
FORBIDDEN = {
    "inference": {"scene"},
    "samples": {"scene", "inventory"},
    "report": {"models"},
}
TORCH_ROOMS = (
    "engine/models/",
    "engine/patches/augment",
    "engine/samples/",
    "engine/training/",
    "engine/inference/torch_runtime",
)
HEAVY = {
    "torch",
    "torchvision",
    "timm",
    "segmentation_models_pytorch",
    "lightning",
    "kornia",
    "torchmetrics",
}


def modules() -> list[Path]:
    return sorted(ENGINE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ENGINE).parts[0].removesuffix(".py")


def imports(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Full names of all modules that a file imports, also those inside functions unless told
    otherwise."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found.add(node.module or "")
            if node.module == "engine":
                found |= {f"engine.{alias.name}" for alias in node.names}
    return found


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, known: dict[str, Path]) -> set[str]:
    """Modules of the engine that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in known else node.module or "" for name in names}
    return (found & set(known)) - {module_name(path)}


def test_no_module_reaches_itself_by_imports() -> None:
    """Also not by imports inside functions: what needs such a circle is one module, or three."""
    known = {module_name(path): path for path in modules()}
    reached = {name: imported_modules(path, known) for name, path in known.items()}
    while True:
        further = {
            name: theirs.union(*(reached[other] for other in theirs))
            for name, theirs in reached.items()
        }
        if further == reached:
            break
        reached = further
    assert not {name for name, theirs in reached.items() if name in theirs}


def test_names_of_result_files_stand_in_one_place() -> None:
    """What a detection's files are called is said by engine.files.ResultFolder alone."""
    from engine.files import ResultFolder

    folder = ResultFolder(Path("x"))
    names = {
        getattr(folder, name).name
        for name, value in vars(ResultFolder).items()
        if isinstance(value, property)
    }
    for path in modules():
        if path == ENGINE / "files.py" or room(path) == "training":  # whose runs are others
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        literals = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        assert not names & {each for each in literals if isinstance(each, str)}, path


def warning_codes() -> dict[str, list[str]]:
    """Codes of warnings in the source, with where; other expressions as written."""
    found: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr != "warn":
                continue
            given = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "code")]
            for code in given or [ast.Constant("(none)")]:
                parts = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
                for part in parts:
                    text = part.value if isinstance(part, ast.Constant) else ast.unparse(part)
                    found.setdefault(str(text), []).append(f"{path.name}:{node.lineno}")
    return found


def test_every_warning_carries_a_known_code_and_every_code_is_used() -> None:
    from engine.events import WARNINGS

    assert list(WARNINGS) == sorted(WARNINGS)
    used = warning_codes()
    assert {code: at for code, at in used.items() if code not in WARNINGS} == {}
    assert set(WARNINGS) <= set(used)
    assert all(meaning.endswith(".") for meaning in WARNINGS.values())


def test_every_room_has_a_place_in_the_order() -> None:
    rooms = {room(path) for path in modules()} - {"__init__", "__main__"}
    assert rooms <= set(LEVEL), f"unknown rooms: {rooms - set(LEVEL)}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_order_of_the_rooms(path: Path) -> None:
    mine = room(path)
    if mine in {"__init__", "__main__"}:
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "engine" or len(parts) < 2:
            continue
        theirs = parts[1]
        if theirs == mine or theirs not in LEVEL:
            continue
        assert theirs not in FORBIDDEN.get(mine, ()), f"{mine} must not import {theirs}"
        lower = LEVEL[theirs] < LEVEL[mine] or LEVEL[theirs] == LEVEL[mine] == 0
        assert lower, (
            f"{mine} must not import {theirs}: imports go from later rooms to earlier ones"
        )


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_engine_knows_neither_qgis_nor_the_plugin(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & {"qgis", "l4s_qgis", "PyQt5", "PyQt6"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_torch_stays_in_its_rooms(path: Path) -> None:
    used = HEAVY & {name.split(".")[0] for name in imports(path, top_level_only=True)}
    relative = path.relative_to(ROOT).as_posix()
    allowed = any(relative.startswith(prefix) for prefix in TORCH_ROOMS)
    assert not used or allowed, (
        f"{relative} imports {used} at its top: the light installation has no torch"
    )


def test_plugin_imports_nothing_of_the_engine() -> None:
    launcher = (
        ROOT / "l4s_qgis" / "worker" / "launch.py"
    )  # runs in the engine's own Python; QGIS only knows its path
    for path in sorted(set((ROOT / "l4s_qgis").rglob("*.py")) - {launcher}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in {
                    "engine",
                    "torch",
                    "geopandas",
                    "rasterio",
                    "shapely",
                }, f"{path}: {name}"


def test_importing_engine_is_cheap() -> None:
    program = (
        "import sys, engine, engine.cli; print(sorted({'torch', 'rasterio', 'numpy', 'geopandas'} &"
        " set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_all_names_that_the_engine_offers_resolve() -> None:
    import engine

    assert engine.__all__ == sorted(engine.__all__)
    for name in engine.__all__:
        assert getattr(engine, name) is not None
