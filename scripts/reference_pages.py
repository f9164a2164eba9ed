"""Write the reference part of the documentation from the program itself.

MkDocs runs this file while it builds the site (plugin gen-files), so that commands, fields, formats
and codes are never typed by hand.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "engine",
    "engine.scene",
    "engine.inference",
    "engine.inventory",
    "engine.evaluation",
    "engine.report",
    "engine.pipeline",
    "engine.patches",
    "engine.samples",
    "engine.models",
    "engine.training",
)


def pages() -> dict[str, str]:
    """All generated pages: path below ``docs/reference`` and text, in the order of the menu."""
    found: dict[str, str] = {}
    for name, text in command_pages():
        found[f"commands/{name}.md"] = text
    for name in PACKAGES:
        found[f"python/{name}.md"] = package_page(name)
    found["inventory-fields.md"] = field_page()
    found["formats.md"] = format_page()
    found["codes.md"] = code_page()
    return found


def menu() -> str:
    """The menu of the reference, in the format of the plugin literate-nav."""
    from engine.cli import COMMANDS

    lines = ["* [Reference](index.md)", "* Commands"]
    lines += [f"    * [l4s {name}](commands/{name}.md)" for name in COMMANDS]
    lines += ["* Python"]
    lines += [f"    * [{name}](python/{name}.md)" for name in PACKAGES]
    lines += [
        "* [Inventory fields](inventory-fields.md)",
        "* [Formats](formats.md)",
        "* [Errors and warnings](codes.md)",
    ]
    return "\n".join(lines) + "\n"


def command_pages() -> Iterator[tuple[str, str]]:
    """A page for each command, from its parser."""
    from engine.cli import COMMANDS

    for name, (module, summary) in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"l4s {name}", description=summary, add_help=False)
        importlib.import_module(f"engine.cli.{module}").configure(parser)
        yield name, f"# l4s {name}\n\n{_sentence(summary)}\n\n" + "\n".join(_parser(parser))


def _parser(parser: argparse.ArgumentParser, level: int = 2) -> Iterator[str]:
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for group in parser._action_groups:
        actions = [
            action
            for action in group._group_actions
            if action not in nested and not isinstance(action, argparse._HelpAction)
        ]
        if not actions:
            continue
        if group.title not in ("positional arguments", "options"):
            yield f"{'#' * level} {str(group.title).capitalize()}\n"
        yield "| argument | meaning |\n|---|---|"
        for action in actions:
            yield f"| {_names(action)} | {_meaning(action)} |"
        yield ""
    for action in nested:
        helps = {choice.dest: choice.help for choice in action._choices_actions}
        for name, sub in action.choices.items():
            yield f"{'#' * level} {sub.prog.removesuffix(f' {name}')} {name}\n"
            if helps.get(name):
                yield _sentence(str(helps[name])) + "\n"
            yield from _parser(sub, level + 1)


def _names(action: argparse.Action) -> str:
    names = list(action.option_strings) or [str(action.metavar or action.dest)]
    value = ""
    if action.option_strings and action.nargs != 0:
        metavar = action.metavar or action.dest.upper()
        if action.choices is not None and action.metavar is None:
            metavar = "|".join(str(choice) for choice in action.choices)
        words = metavar if isinstance(metavar, tuple) else (metavar,)
        value = " " + " ".join(words) + ("…" if action.nargs in ("+", "*") else "")
    return ", ".join(f"`{name}{value}`" for name in names)


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    parts = [_sentence(text)]
    if "default" not in text and _has_default(action):
        parts.append(f"Default: `{action.default}`.")
    if action.option_strings and action.required:
        parts.append("**Required.**")
    return _cell(" ".join(part for part in parts if part))


def _has_default(action: argparse.Action) -> bool:
    return action.nargs != 0 and action.default not in (None, argparse.SUPPRESS, False, [])


def package_page(name: str) -> str:
    """A page for a package: its docstring, and each name that it offers.

    The page of ``engine`` links to names that another page describes.
    """
    module = importlib.import_module(name)
    described = {
        (offered, home): package
        for package in PACKAGES
        if package not in (name, "engine")
        for offered, home in offers(package)
    }
    lines = [f"# {name}", "", inspect.getdoc(module) or "", ""]
    links: list[str] = []
    blocks: list[str] = []
    for offered, home in offers(name):
        if name == "engine" and (offered, home) in described:
            summary = _summary(getattr(module, offered))
            links.append(f"| [`{offered}`][{home}.{offered}] | {summary} |")
        else:
            blocks += [f"::: {home}.{offered}", "    options: { heading_level: 2 }", ""]
    if links:
        lines += ["Also described with their packages:", "", "| name | what it is |", "|---|---|"]
        lines += [*links, ""]
    return "\n".join([*lines, *blocks]) + "\n"


def _summary(thing: object) -> str:
    return _cell((inspect.getdoc(thing) or "").partition("\n\n")[0])


def offers(package: str) -> list[tuple[str, str]]:
    """The public names of a package and the modules that define them, from its type stub."""
    stub = ROOT.joinpath(*package.split("."), "__init__.pyi")
    if not stub.exists():
        return []
    found = [
        (alias.name, f"{package}.{node.module}")
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for alias in node.names
    ]
    return sorted(found, key=lambda pair: pair[0].lower())


def field_page() -> str:
    """The table of an inventory's columns, from the schema."""
    from engine.inventory.schema import FIELDS

    lines = [
        "# Inventory fields",
        "",
        "Columns of the layer `landslides` in an inventory. Where only some values are permitted,",
        "they are listed with their meaning.",
    ]
    groups = list(dict.fromkeys(field.group for field in FIELDS))
    for group in groups:
        lines += [
            "",
            f"## {group.capitalize()}",
            "",
            "| column | alias | type and meaning |",
            "|---|---|---|",
        ]
        for field in FIELDS:
            if field.group != group:
                continue
            values = "<br>".join(f"`{key}` {text}" for key, text in field.values.items())
            description = field.description + (f"<br>{values}" if values else "")
            kind = f"{field.kind}, for reviewers to edit" if field.editable else field.kind
            lines.append(f"| `{field.name}` | {field.alias} | *{kind}.* {_cell(description)} |")
    return "\n".join(lines) + "\n"


def format_page() -> str:
    """Formats: products read, the stack, result folders, exports, review statuses."""
    from engine.bands import CHANNELS, IGNORE, QUALITY, QUALITY_CLASSES
    from engine.files import ResultFolder
    from engine.handles import PROBABILITY_NODATA, PROBABILITY_SCALE
    from engine.inventory.formats import FORMATS
    from engine.scene.readers import READERS
    from engine.status import STATUSES

    lines = ["# Formats", "", "## Imagery that is read", ""]
    lines += ["Readers are asked in this order; the first that recognises the files reads them."]
    lines += ["[Input data](../guides/input-data.md) has the details.", ""]
    lines += ["| kind | what it is |", "|---|---|"]
    for name, reader in READERS.items():
        lines.append(f"| {name} | {_summary(importlib.import_module(reader.__module__))} |")
    lines += [
        "",
        "## Channels of a stack",
        "",
        "| band | wavelength (nm) | unit |",
        "|---|---|---|",
    ]
    lines += [f"| `{c.name}` | {c.wavelength_nm or ''} | {c.unit} |" for c in CHANNELS]
    classes = ", ".join(f"{value} {name}" for name, value in QUALITY_CLASSES.items())
    lines += [f"| `{QUALITY}` | | {classes} |", "", "## Folder of a detection", ""]
    lines += ["| file | what it holds |", "|---|---|"]
    folder = ResultFolder(Path("results"))
    for name, member in vars(ResultFolder).items():
        if isinstance(member, property):
            lines.append(f"| `{getattr(folder, name).name}` | {_summary(member)} |")
    lines += [
        "",
        f"`probability.tif` and `uncertainty.tif` hold one byte a pixel with scale"
        f" {PROBABILITY_SCALE} and nodata {PROBABILITY_NODATA}; `mask.tif` holds 0, 1 and nodata"
        f" {IGNORE}.",
        "",
        "## Exports",
        "",
        "| suffix | what | without `--status` |",
        "|---|---|---|",
    ]
    for one in FORMATS:
        which = "what counts as a landslide" if one.confirmed else "everything"
        lines.append(f"| `{one.suffix}` | {one.label} | {which} |")
    lines += ["", "## Review statuses", "", "| status | meaning | counts as a landslide |"]
    lines += ["|---|---|---|"]
    lines += [f"| `{s.name}` | {s.label} | {'yes' if s.confirmed else 'no'} |" for s in STATUSES]
    return "\n".join(lines) + "\n"


def code_page() -> str:
    """Error codes, exit codes and warning codes."""
    from engine import errors
    from engine.events import WARNINGS

    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.L4SError)
        and kind is not errors.L4SError
    ]
    lines = [
        "# Errors and warnings",
        "",
        "Codes are for programs: with `--events json` an error is the line",
        '`{"event": "error", "code": …, "message": …}`, and a warning is a line',
        '`{"event": "log", "level": "warning", "code": …, "message": …}`. Codes never change once',
        "released; messages may.",
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | a bug; please report it |",
    ]
    exits: dict[int, list[str]] = {}
    for kind in kinds:
        exits.setdefault(kind.exit_code, []).append(f"`{kind.__name__}`")
    lines += [f"| {code} | {', '.join(names)} |" for code, names in sorted(exits.items())]
    lines += ["", "## Errors", "", "| code | class | meaning |", "|---|---|---|"]
    for kind in kinds:
        lines.append(f"| `{kind.code}` | `{kind.__name__}` | {_summary(kind)} |")
    lines += ["", "## Warnings", "", "| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {_cell(_sentence(text))} |" for code, text in sorted(WARNINGS.items())]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text else text[0].upper() + text[1:].rstrip(".") + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write() -> None:
    """Hand the pages to MkDocs."""
    import mkdocs_gen_files

    for path, text in pages().items():
        with mkdocs_gen_files.open(f"reference/{path}", "w") as file:
            file.write(text)
    with mkdocs_gen_files.open("reference/SUMMARY.md", "w") as file:
        file.write(menu())


if __name__ == "<run_path>":  # how the plugin runs it
    sys.path.insert(0, str(ROOT))
    write()
