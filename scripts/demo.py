"""Install the light engine into .venv/light and run its demo.

The demo simulates a scene, detects its landslides, and leaves pictures and polygons.

python3 scripts/demo.py [--out DIR]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import environment


def main() -> None:
    """Set up and run the demo."""
    environment.require_python()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=environment.ROOT / "out" / "demo", help="folder for the results"
    )
    args = parser.parse_args()
    start = time.monotonic()
    python = environment.virtual_environment("light", ["-e", "."])
    code = environment.run([python, "-m", "engine", "demo", "--out", args.out.resolve()])
    print(f"Set-up and demo took {time.monotonic() - start:.0f} s.")
    sys.exit(code)


if __name__ == "__main__":
    main()
