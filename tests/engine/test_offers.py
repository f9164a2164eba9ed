"""What the packages offer: names that resolve lazily, are documented, and stand in one place."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from project_scripts import load_script

ROOT = Path(__file__).resolve().parents[2]


REFERENCE = load_script("reference_pages")
PACKAGES = REFERENCE.PACKAGES


def test_every_package_with_a_stub_is_in_the_reference() -> None:
    stubs = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "engine").rglob("__init__.pyi")
    }
    assert stubs == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_offered_names_resolve_and_are_documented(package: str) -> None:
    module = importlib.import_module(package)
    offered = REFERENCE.offers(package)
    assert set(module.__all__) - {"__version__"} == {name for name, _ in offered}
    page = REFERENCE.package_page(package)
    for name, home in offered:
        thing = getattr(module, name)
        assert thing is getattr(importlib.import_module(home), name)
        assert f"{home}.{name}" in page
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__module__ == home, f"{name} is defined in {thing.__module__}"
            assert thing.__doc__, f"{home}.{name} has no docstring"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_offered_name_hides_a_module(package: str) -> None:
    folder = ROOT.joinpath(*package.split("."))
    modules = {path.stem for path in folder.glob("*.py")}
    assert not modules & {name for name, _ in REFERENCE.offers(package)}


def test_names_are_imported_when_they_are_used() -> None:
    program = (
        "import sys, engine\n"
        "from engine import Reporter\n"
        "assert 'rasterio' not in sys.modules\n"
        "from engine import make_stack, detect, find_model\n"
        "assert 'rasterio' in sys.modules and 'torch' not in sys.modules\n"
        "from engine.inventory import Inventory, read_inventory\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
