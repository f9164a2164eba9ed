"""``python -m engine`` and ``l4s``: the command line from its start."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; Ctrl-C during loading ends it, too.

    Returns:
        Exit code, see :func:`engine.cli.main`.
    """
    try:
        from engine.cli import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("l4s: Cancelled on request.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
