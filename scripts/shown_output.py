"""Run the commands that the documentation shows, and compare or rewrite what they print.

    .venv/engine/bin/python scripts/shown_output.py [--write] [--data DIR] [PAGE…]

A page that shows output says with what it starts, in a comment: ``<!-- starts with: nothing -->``
or the name of a folder of real data below ``--data``, whose files lie beside the reader. Its blocks
of kind ``console`` are then run in turn, in one folder; a line that starts with ``$ `` is a
command, and what follows is its output. ``l4s``, ``ls`` and ``python`` with a file that lies beside
the page are run, other commands are refused.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_START = re.compile(r"^<!-- starts with: (\w+) -->$", re.MULTILINE)
# A command may go on in the next line after a backslash.
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Numbers may differ a little between machines; words may not.
TOLERANCE = 0.05


@dataclass(frozen=True)
class Page:
    """A page that shows output.

    Attributes:
        path: The Markdown file.
        start: ``nothing``, or the name of a folder of real data.
    """

    path: Path
    start: str

    def updated(self, folder: Path) -> str:
        """The page's text with the output that its commands print in a folder now."""
        text = self.path.read_text(encoding="utf-8")
        return _BLOCK.sub(lambda match: f"```console\n{self._run_block(match[1], folder)}```", text)

    def _run_block(self, block: str, folder: Path) -> str:
        """The commands of a block, each with what it prints now."""
        parts = []
        for match in _COMMAND.finditer(block):
            words = shlex.split(match[1].replace("\\\n", " "))
            parts.append(f"$ {match[1]}\n{self._run(words, folder)}")
        return "".join(parts)

    def _run(self, words: list[str], folder: Path) -> str:
        program, *rest = [
            found
            for word in words
            for found in (sorted(p.name for p in folder.glob(word)) if "*" in word else [word])
        ]
        if program == "ls":
            (where,) = rest or ["."]
            return "".join(sorted(f"{path.name}\n" for path in (folder / where).iterdir()))
        if program == "l4s":
            return _printed(lambda: _command(rest), folder)
        if program == "python":
            script = self.path.parent / rest[0]
            return _printed(lambda: runpy.run_path(str(script)), folder)
        raise SystemExit(f"{self.path} shows `{program}`, which this script does not run.")


def pages() -> list[Page]:
    """All pages that show output."""
    found = []
    for path in sorted(DOCS.rglob("*.md")):
        match = _START.search(path.read_text(encoding="utf-8"))
        if match:
            found.append(Page(path, match[1]))
    return found


@contextlib.contextmanager
def starting_folder(start: str, data: Path) -> Iterator[Path]:
    """A temporary folder that holds what a page starts with."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if start != "nothing":
            for source in sorted((data / start).iterdir()):
                (folder / source.name).symlink_to(source.resolve())
        yield folder


def differences(shown: str, printed: str) -> list[str]:
    """Lines of a page that are not what the commands print, numbers within a tolerance."""
    before = shown.splitlines()
    after = printed.splitlines()
    # Lines that differ within the tolerance count as equal.
    for index, line in enumerate(after):
        if index < len(before) and _alike(before[index], line):
            after[index] = before[index]
    return [
        line
        for line in difflib.unified_diff(before, after, "shown", "printed", n=0, lineterm="")
        if not line.startswith("@@")
    ]


def _alike(one: str, other: str) -> bool:
    if _NUMBER.sub("#", one).split() != _NUMBER.sub("#", other).split():
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= max(TOLERANCE * abs(float(a)), 0.011) for a, b in pairs)


def _command(words: list[str]) -> None:
    from engine.cli import main

    if main(words) == 1:
        raise SystemExit(f"`l4s {shlex.join(words)}` ended with a bug.")


def _printed(work: Callable[[], object], folder: Path) -> str:
    """What some work prints, done in a folder."""
    printed = io.StringIO()
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            work()
    finally:
        os.chdir(before)
    return printed.getvalue()


def main() -> None:
    """Compare or rewrite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="pages; all by default")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="write the new output into the pages")
    args = parser.parse_args()
    wanted = {path.resolve() for path in args.pages}
    failed = False
    for page in pages():
        if wanted and page.path not in wanted:
            continue
        with starting_folder(page.start, args.data) as folder:
            text = page.updated(folder)
        found = differences(page.path.read_text(encoding="utf-8"), text)
        if found:
            print("\n".join([str(page.path.relative_to(ROOT)), *found]))
        failed = failed or bool(found)
        if args.write:
            page.path.write_text(text, encoding="utf-8")
    sys.exit(failed and not args.write)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
