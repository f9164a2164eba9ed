"""Gather the plugin's sentences into ``l4s_LANGUAGE.ts`` and compile it.

For developers; not part of the zip.

python l4s_qgis/i18n/translate.py de

Translations that are there already are kept; sentences without one are listed. ``lrelease`` comes
with Qt.
"""

from __future__ import annotations

import ast
import subprocess  # nosec B404
import sys
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent, parse

HERE = Path(__file__).resolve().parent
CONTEXT = "l4s"


def sentences(plugin: Path = HERE.parent) -> list[str]:
    """Every sentence that is passed to ``tr`` or ``mark``, in order of the files."""
    found: dict[str, None] = {}
    for path in sorted(plugin.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("tr", "mark")
                and node.args
            ):
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found[argument.value] = None
    return list(found)


def known(path: Path) -> dict[str, str]:
    """The translations of a file."""
    if not path.exists():
        return {}
    messages = parse(path).getroot().iter("message")
    return {str(m.findtext("source")): m.findtext("translation") or "" for m in messages}


def write(path: Path, language: str, translations: dict[str, str]) -> None:
    """Write a Qt translation file."""
    root = Element("TS", {"version": "2.1", "language": language, "sourcelanguage": "en"})
    context = SubElement(root, "context")
    SubElement(context, "name").text = CONTEXT
    for source, translation in translations.items():
        message = SubElement(context, "message")
        SubElement(message, "source").text = source
        element = SubElement(message, "translation")
        element.text = translation
        if not translation:
            element.set("type", "unfinished")
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def main(language: str) -> int:
    """Bring a language up to date."""
    path = HERE / f"l4s_{language}.ts"
    before = known(path)
    translations = {source: before.get(source, "") for source in sentences()}
    write(path, language, translations)
    missing = [source for source, translation in translations.items() if not translation]
    sys.stdout.write("".join(f"not translated: {source}\n" for source in missing))
    # nosec B603 B607
    return subprocess.call(["lrelease", "-silent", str(path), "-qm", str(path.with_suffix(".qm"))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
