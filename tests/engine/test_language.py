"""Plain English in what people read: documentation, help, messages, docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = load_script("reference_pages")

# Private metaphors of earlier days, each with the term of the field.
METAPHORS = {
    r"streets?": "pipeline",
    r"houses?": "code base, project",
    r"(?<!no )(?<!leaves )(?<!make )rooms?(?! for)": "package, module",
    r"nouns?": "raster handle, argument",
    r"ears?": "listener",
}
# What a native reader stumbles over in a guide or in the help of a command.
PHRASES = {
    r"(?:is|are|be|was|were) looked": "is examined, is searched; say who does it",
    r"(?:is|are|was|were) said": "is reported, is stated",
    r"with(?:out)? a word": "with a message, silently",
    r"tak(?:e|es|en) in": "merge, read, include",
    r"at hand": "current, available",
    r"a look at the words?": "an explanation",
    r"as bought": "as downloaded",
}


def pages() -> list[Path]:
    found = [path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts]
    return sorted([*found, ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def stumbles(text: str, patterns: dict[str, str]) -> list[str]:
    return [
        f"{match[0]!r} in {text[max(0, match.start() - 40) : match.end() + 40]!r}: {better}"
        for pattern, better in patterns.items()
        for match in re.finditer(rf"\b{pattern}\b", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documentation_is_plain(path: Path) -> None:
    assert stumbles(path.read_text(encoding="utf-8"), METAPHORS | PHRASES) == []


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_is_wrapped(path: Path) -> None:
    code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```"):
            code = not code
        if code or line.startswith(("|", "    ", "<!--", "![", "[")) or "](" in line:
            continue
        assert len(line) <= 100, f"{path.name}:{number} has {len(line)} characters"


def test_help_is_plain() -> None:
    for name, text in REFERENCE.command_pages():
        assert stumbles(text, METAPHORS | PHRASES) == [], name
    assert stumbles(REFERENCE.code_page(), METAPHORS | PHRASES) == []


def strings() -> Iterator[tuple[str, str]]:
    """Every string of the code that people read: docstrings and messages."""
    for folder in ("engine", "l4s_qgis", "scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_messages_and_docstrings_have_no_private_metaphors() -> None:
    found = [f"{where}: {one}" for where, text in strings() for one in stumbles(text, METAPHORS)]
    assert found == []


def test_summaries_of_docstrings_are_one_short_sentence() -> None:
    wrong = []
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                docstring = ast.get_docstring(node)
                summary = (docstring or ".").partition("\n\n")[0]
                if len(summary) > 72 or "\n" in summary or summary[-1] not in ".?:":
                    name = getattr(node, "name", "module")
                    wrong.append(f"{path.relative_to(ROOT)} {name} ({len(summary)}): {summary}")
    assert wrong == []


def test_a_stumble_is_found() -> None:
    assert stumbles("The whole street is looked at.", METAPHORS | PHRASES)
    assert not stumbles("There is no room left; make room for it.", METAPHORS | PHRASES)
