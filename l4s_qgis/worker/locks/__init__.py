"""Exact packages with hashes, as ``scripts/lock_engine.py`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
_PRAGMA = re.compile(r"\s+#.*$")


def read(name: str) -> list[str]:
    """The lines of a lock: a requirement with its marker and hashes each.

    Args:
        name: ``light``, ``full`` or ``uv``.
    """
    lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_PRAGMA.sub("", line) for line in lines if line.strip()]


def torch(lines: list[str]) -> list[str]:
    """Those of PyTorch, whose builds for GPUs come from a server of its own."""
    return [line for line in lines if re.match(r"(torch|torchvision)==", line)]


def bare(line: str) -> str:
    """A line without its hashes."""
    return line.split(" --hash=")[0].strip()


def digests(line: str) -> set[str]:
    """The SHA-256 digests of a line."""
    return set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))


def version(line: str) -> str:
    """The version of a line."""
    return re.split(r"[\s;]", line.split("==", 1)[1], maxsplit=1)[0]
