"""Where a command may write: never over inputs or files of others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.errors import ConfigError


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """Check that no output replaces an input, whatever links lead to it.

    Args:
        outputs: Files or folders that the command writes; one that does not exist yet replaces
            nothing.
        inputs: What it reads; None stands for an option that was not given.

    Raises:
        ConfigError: One would.
    """
    read = {_identity(path): path for path in inputs if path is not None and path.exists()}
    for out in outputs:
        source = read.get(_identity(out)) if out.exists() else None
        if source is not None:
            raise ConfigError(
                f"Writing {out} would destroy {source}, which is read; choose another name for"
                " --out."
            )


def require_suffix(out: Path, *suffixes: str) -> None:
    """Check that an output's name fits its format.

    So a slip does not replace a file of another kind.

    Raises:
        ConfigError: It ends in none of the suffixes.
    """
    if out.suffix.lower() not in suffixes:
        raise ConfigError(
            f"{out.name} does not end in {' or '.join(suffixes)}, which is what is written; choose"
            " such a name for --out."
        )


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names of one file, links and other spellings included."""
    status = path.stat()
    return status.st_dev, status.st_ino
