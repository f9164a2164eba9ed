"""Kill, crowd, fill and damage: what is left afterwards, counted.

    python scripts/check_reliability.py [--kills 20] [--pairs 6] [--fills 12] [--damages 1000]
                                        [--only kills pairs fills damages] [--work DIR]

Everything runs the real command line in processes of its own, on a simulated scene. A kill is
SIGKILL at a random moment; afterwards every file under a final name must be whole, and a second run
must end with the very pixels of an undisturbed one. Full disks need the right to mount a small file
system (root); they are left out, and said to be, where that is missing. The result is a block of
Markdown for ``docs/method/reliability.md``; the exit code is 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

from engine.files import ResultFolder

PROGRAM = [sys.executable, "-m", "engine"]
SIZE_PX = 720
FILL_MB = (1, 2, 3, 4)


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, how often, and what was found."""

    what: str
    often: int
    found: str
    lost: int


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    words = [str(each) for each in arguments]
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)


def killed(seconds: float, *arguments: object) -> bool:
    """Run a command and kill it after some time; returns whether it was still running."""
    words = [str(each) for each in arguments]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*PROGRAM, *words], stdout=quiet, stderr=quiet)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def pixels(path: Path) -> np.ndarray:
    """All bands of a raster."""
    with rasterio.open(path) as file:
        return np.asarray(file.read())


def same(one: Path, other: Path) -> bool:
    """Whether two rasters hold the very same pixels."""
    return one.exists() and np.array_equal(pixels(one), pixels(other))


def whole(folder: Path) -> bool:
    """Whether every file under a final name can be read to its end."""
    try:
        for path in folder.glob("*.tif"):
            if not path.stem.endswith(".part") and not path.name.endswith(".part"):
                pixels(path)
        for path in folder.glob("*.gpkg"):
            if not path.stem.endswith(".part"):
                with closing(sqlite3.connect(path)) as db:
                    if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                        return False
    except (rasterio.errors.RasterioError, sqlite3.Error):
        return False
    return True


@dataclass(frozen=True)
class Bench:
    """A simulated scene, its stack, and an undisturbed detection with the time that it took."""

    work: Path
    scene: Path
    stack: Path
    result: ResultFolder
    seconds: float

    @classmethod
    def make(cls, work: Path) -> Bench:
        """Simulate, stack and detect once."""
        scene, stack, out = work / "scene", work / "stack.tif", work / "undisturbed"
        done = [run("simulate", "--out", scene, "--size", SIZE_PX)]
        done.append(run(*cls.stacking(scene, stack)))
        begun = time.monotonic()
        done.append(run(*cls.detecting(stack, out)))
        seconds = time.monotonic() - begun
        if any(each.returncode for each in done):
            raise SystemExit("\n".join(each.stderr for each in done))
        return cls(work, scene, stack, ResultFolder(out), seconds)

    @staticmethod
    def stacking(scene: Path, out: Path) -> tuple[object, ...]:
        """Arguments that stack the scene."""
        inputs = ("--sentinel2", scene / "sentinel2", "--dem", scene / "dem.tif")
        return ("stack", *inputs, "--out", out)

    @staticmethod
    def detecting(stack: Path, out: Path) -> tuple[object, ...]:
        """Arguments that detect in many small windows, slowly enough to be struck."""
        model = ("--window", 96, "--tta", "d4", "--device", "cpu")
        return ("detect", "--stack", stack, *model, "--out", out)


def kills(bench: Bench, count: int, chance: random.Random) -> Iterator[Row]:
    """Detections, stacks and redrawings that are killed at random moments."""
    lost = resumed = struck = 0
    for number in range(count):
        out = ResultFolder(bench.work / f"killed-{number}")
        words = bench.detecting(bench.stack, out.path)
        struck += killed(chance.uniform(0.2, 1.1) * bench.seconds, *words)
        kept = whole(out.path)
        again = run(*words)
        resumed += "Going on from row" in again.stderr
        good = kept and again.returncode == 0 and same(out.probability, bench.result.probability)
        lost += not (good and same(out.mask, bench.result.mask))
        shutil.rmtree(out.path, ignore_errors=True)
    found = f"{struck} struck while it ran, {resumed} went on from finished rows"
    yield Row("detection killed, then run again", count, found, lost)
    lost = struck = 0
    for number in range(count):
        made = bench.work / f"stack-{number}" / "stack.tif"
        made.parent.mkdir()
        words = bench.stacking(bench.scene, made)
        struck += killed(chance.uniform(0.1, 0.8) * bench.seconds, *words)
        kept = whole(made.parent)
        lost += not (kept and run(*words).returncode == 0 and same(made, bench.stack))
        shutil.rmtree(made.parent)
    yield Row("stack killed, then made again", count, f"{struck} struck while it ran", lost)
    yield redrawings(bench, count, chance)


def redrawings(bench: Bench, count: int, chance: random.Random) -> Row:
    """Redrawings, killed at random moments, over an inventory with decisions."""
    folder = ResultFolder(bench.work / "reviewed")
    shutil.copytree(bench.result.path, folder.path)
    decided = decide(folder.inventory)
    struck = lost = 0
    for _ in range(count):
        threshold = round(chance.uniform(0.2, 0.6), 3)
        words = ("vectorize", "--probability", folder.probability, "--threshold", threshold)
        seconds = chance.uniform(0.1, 0.6) * bench.seconds
        struck += killed(seconds, *words, "--out", folder.inventory)
        lost += not (whole(folder.path) and decisions(folder.inventory) == decided)
    found = f"{struck} struck while it ran, {decided} decisions each time"
    return Row("inventory with decisions redrawn and killed", count, found, lost)


def decide(inventory: Path) -> int:
    """Accept every other landslide, as the review dock does; returns how many."""
    import geopandas as gpd
    import pyogrio

    table = gpd.read_file(inventory, layer="landslides")
    table.loc[table.index[::2], "status"] = "accepted"
    pyogrio.write_dataframe(table, inventory, layer="landslides", append=False)
    return decisions(inventory)


def decisions(inventory: Path) -> int:
    """How many landslides of an inventory are accepted."""
    with closing(sqlite3.connect(inventory)) as db:
        query = "SELECT count(*) FROM landslides WHERE status = 'accepted'"
        return int(db.execute(query).fetchone()[0])


def pairs(bench: Bench, count: int, chance: random.Random) -> Iterator[Row]:
    """Two detections at once in one folder, the second without and with ``--wait``."""
    for wait in (False, True):
        lost = told = 0
        for number in range(count):
            out = ResultFolder(bench.work / f"pair-{wait}-{number}")
            words = [str(each) for each in bench.detecting(bench.stack, out.path)]
            words += ["--wait"] if wait else []
            first = subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, text=True)
            time.sleep(chance.uniform(0, 0.5) * bench.seconds)
            second = subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, text=True)
            texts = [process.communicate()[1] for process in (first, second)]
            codes = sorted(process.returncode for process in (first, second))
            said = any("nother run" in text for text in texts)
            told += said
            fine = codes == [0, 0] if wait or not said else codes == [0, 2]
            lost += not (fine and same(out.probability, bench.result.probability))
            shutil.rmtree(out.path)
        name = "two detections at once in one folder" + (", with --wait" if wait else "")
        yield Row(name, count, f"{told} times one was told of the other", lost)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a file system of a few megabytes.

    Raises:
        PermissionError: Mounting is not allowed here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        raise PermissionError("mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fills(bench: Bench, count: int, chance: random.Random) -> Iterator[Row]:
    """Stacks and detections on disks that are nearly full from the start."""
    full = fitted = lost = 0
    disk = bench.work / "disk"
    for number in range(count):
        with small_disk(disk, FILL_MB[number % len(FILL_MB)]):
            left = chance.uniform(0.05, 1.0) * shutil.disk_usage(disk).free
            (disk / "other.bin").write_bytes(bytes(int(shutil.disk_usage(disk).free - left)))
            out = ResultFolder(disk / "out")
            if number % 2:
                done = run(*bench.detecting(bench.stack, out.path))
                right = done.returncode or same(out.probability, bench.result.probability)
            else:
                done = run(*bench.stacking(bench.scene, disk / "stack.tif"))
                right = done.returncode or same(disk / "stack.tif", bench.stack)
            said = done.returncode == 2 and "disk is full" in done.stderr
            full += said
            fitted += done.returncode == 0
            clean = whole(out.path) and whole(disk) and "Traceback" not in done.stderr
            lost += not (clean and right and (said or done.returncode in (0, 2)))
    yield Row("full disk", count, f"{full} said that the disk is full, {fitted} fitted", lost)


def damages(bench: Bench, count: int, chance: random.Random) -> Iterator[Row]:
    """The fuzz suite, see ``scripts/fuzz.py``."""
    script = Path(__file__).with_name("fuzz.py")
    words = [sys.executable, str(script), "--count", str(count), "--work", str(bench.work / "fuzz")]
    words += ["--first", str(chance.randrange(10**6))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1]
    faults = int(last.rsplit("; ", 1)[1].split()[0])
    yield Row("damaged input (all readers in turn)", count, last.split(": ", 1)[1], faults)


def main() -> int:
    """Try everything and print a Markdown table."""
    parts: dict[str, Callable[[Bench, int, random.Random], Iterator[Row]]] = {
        "kills": kills,
        "pairs": pairs,
        "fills": fills,
        "damages": damages,
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    for name, often in (("kills", 20), ("pairs", 6), ("fills", 12), ("damages", 1000)):
        parser.add_argument(f"--{name}", type=int, default=often, help=f"default {often}")
    parser.add_argument("--only", nargs="+", choices=list(parts), default=list(parts))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="folder to work in (default: a temporary one)")
    args = parser.parse_args()
    work = args.work or Path(tempfile.mkdtemp(prefix="l4s-reliability-"))
    bench = Bench.make(work)
    print("| tried | times | found | lost or wrong |\n|---|---|---|---|", flush=True)
    lost = 0
    for name in args.only:
        try:
            for row in parts[name](bench, getattr(args, name), random.Random(args.seed)):
                lost += row.lost
                print(f"| {row.what} | {row.often} | {row.found} | {row.lost} |", flush=True)
        except PermissionError:
            print(f"| {name} | 0 | left out: mounting is not allowed here | – |", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
