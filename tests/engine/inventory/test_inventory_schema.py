"""The schema, and that style, documentation and flags follow it."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from project_scripts import load_script

from engine.inventory.schema import BY_NAME, FIELDS, NAMES
from engine.inventory.storage.style import TABS, area_style, landslide_style
from engine.inventory.values import CONFIDENCE, FLAGS
from engine.status import STATUSES

DOCS = Path(__file__).resolve().parents[3] / "docs" / "guides" / "inventory.md"


def test_names_are_unique_and_units_show_in_the_alias() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({f.alias for f in FIELDS}) == len(FIELDS)
    for f in FIELDS:
        assert not f.unit or f"({f.unit})" in f.alias, f.name
    assert set(CONFIDENCE) == {1, 2, 3, 5, 8}


def test_style_is_well_formed_and_covers_every_field() -> None:
    root = ElementTree.fromstring(landslide_style().split("\n", 1)[1])
    assert [e.get("field") for e in root.iter("alias")] == list(NAMES)
    assert {e.get("name") for e in root.iter("attributeEditorField")} == set(NAMES)
    assert {e.get("value") for e in root.iter("category")} == {
        *(status.name for status in STATUSES),
        "",
    }
    assert {e.get("name") for e in root.iter("attributeEditorContainer")} == set(TABS)
    editable = {
        e.get("name") for e in root.find("editable").iter("field") if e.get("editable") == "1"
    }
    assert editable == {f.name for f in FIELDS if f.editable}
    maps = {
        field.get("name")
        for field in root.find("fieldConfiguration")
        if field.find("editWidget").get("type") == "ValueMap"
    }
    assert maps == {f.name for f in FIELDS if f.values}
    assert ElementTree.fromstring(area_style().split("\n", 1)[1]).tag == "qgis"


def test_documentation_lists_every_field_value_and_flag() -> None:
    reference = load_script("reference_pages").field_page()
    for f in FIELDS:
        (line,) = [line for line in reference.splitlines() if line.startswith(f"| `{f.name}` |")]
        assert f.alias in line
        assert f.description in line
        assert all(f"`{value}`" in line for value in f.values)
    guide = DOCS.read_text(encoding="utf-8")
    for flag in FLAGS:
        assert any(line.startswith(f"| `{flag}` |") for line in guide.splitlines()), flag
        assert flag in BY_NAME["flags"].description
