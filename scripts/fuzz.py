"""Damage inputs of every kind and run the commands that read them.

    python scripts/fuzz.py [--count 1000] [--first 0] [--only READER] [--work DIR] [--show]

Every case is seeded: a fault is named by its reader and number, which ``--only`` and ``--first``
with ``--count 1 --show`` repeat. Promised are exit code 0 or 2, never a traceback, no hang, at most
2 GiB of memory and no file outside ``--out``; any fault makes the exit code 1. Needs ``fork``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "engine" / "support"))


def main() -> int:
    """Run the cases and print the faults and a table."""
    harness: Any = import_module("fuzz_harness")
    readers: Any = import_module("fuzz_readers")

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=1000, help="cases (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", default="", metavar="READER", help="only this row of the table")
    parser.add_argument("--work", type=Path, help="folder to work in (default: a temporary one)")
    parser.add_argument("--show", action="store_true", help="print what every command wrote")
    args = parser.parse_args()
    work = args.work or Path(tempfile.mkdtemp(prefix="l4s-fuzz-"))
    work.mkdir(parents=True, exist_ok=True)
    seeds = readers.seeds_in(work / "seeds")
    harness.warm_up()
    codes: Counter[int] = Counter()
    faults: list[Any] = []
    seconds = 0.0
    for outcome in harness.run_all(harness.cases(args.count, args.first, args.only), seeds, work):
        codes[outcome.code] += 1
        seconds += outcome.seconds
        if outcome.fault:
            faults.append(outcome)
        if outcome.fault or args.show:
            last = (outcome.text.strip().splitlines() or [""])[-1][:200]
            print(f"{outcome.reader} {outcome.number}: {outcome.fault or 'ok'}: {last}", flush=True)
            if args.show:
                print(outcome.text)
    print(
        f"{sum(codes.values())} cases in {seconds:.0f} s of processor time: "
        + ", ".join(f"exit code {code}: {count}" for code, count in sorted(codes.items()))
        + f"; {len(faults)} faults."
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
