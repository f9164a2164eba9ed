"""Seeded damage to files of every kind: what disks, downloads, other programs and people do.

A mutator takes a random generator and a path (a file, or a folder of which it picks files) and
changes it in place. The same generator gives the same damage.
"""

from __future__ import annotations

import contextlib
import json
import math
import random
import re
import shutil
import sqlite3
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import rasterio
from rasterio.crs import CRS

from engine.errors import L4SError

Mutator = Callable[[random.Random, Path], None]

LOCAL_CRS = (
    'LOCAL_CS["survey grid",UNIT["metre",1]]',
    'ENGCRS["site",EDATUM["peg"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]',
    'GEOCCS["x",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["metre",1]]',
)

ODD_TEXTS = (
    "",
    " ",
    "nan",
    "-inf",
    "1e400",
    "1.2.3",
    "-1",
    "0",
    "1" * 5001,
    "9" * 400,
    "../../x",
    "/etc/passwd",
    "\x00",
    "‮é日本",
    "x" * 100_000,
    "%s%n{0}",
    "<b>&amp;</b>",
    "=cmd()",
)

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    "",
    "x",
    [],
    {},
    [[]],
    [None] * 3,
    -1,
    0,
    1e308,
    -1e-308,
    math.nan,
    math.inf,
    2**63,
    10**400,
    "é" * 10_000,
    {"a": {"b": 1}},
)


def flip_bytes(rng: random.Random, path: Path) -> None:
    """Change single bytes, some of them near the start, where headers are."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if data:
            end = min(len(data), rng.choice((64, 512, len(data))))
            data[rng.randrange(end)] = rng.choice((0, 255, rng.randrange(256)))
    path.write_bytes(data)


def cut(rng: random.Random, path: Path) -> None:
    """Truncate, as a download that was interrupted."""
    data = path.read_bytes()
    path.write_bytes(data[: rng.choice((0, 1, len(data) // 2, rng.randrange(len(data) + 1)))])


def shuffle_blocks(rng: random.Random, path: Path) -> None:
    """Zero, repeat or swap whole blocks, as disks do."""
    data = bytearray(path.read_bytes())
    size = rng.choice((16, 512, 4096))
    a, b = (rng.randrange(max(1, len(data))) for _ in range(2))
    kind = rng.randrange(3)
    if kind == 0:
        data[a : a + size] = bytes(len(data[a : a + size]))
    elif kind == 1:
        data[a:a] = data[b : b + size]
    else:
        data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]
    path.write_bytes(data)


def rewrite_text(rng: random.Random, path: Path) -> None:
    """Replace a number or a word, drop or repeat a line, break the encoding, nest deeply."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    kind = rng.randrange(7)
    if kind <= 2:
        pattern = r"-?\d+(?:\.\d+)?" if kind <= 1 else r"[A-Za-z_]{3,}"
        found = list(re.finditer(pattern, text))
        if found:
            here = rng.choice(found)
            text = text[: here.start()] + rng.choice(ODD_TEXTS) + text[here.end() :]
    elif kind <= 4:
        lines = text.splitlines(keepends=True)
        at = rng.randrange(max(1, len(lines)))
        lines[at : at + 1] = [] if kind == 3 else lines[at : at + 1] * rng.choice((2, 2000))
        text = "".join(lines)
    elif kind == 5:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(("[", "(", "<a>", "{", '{"a":')) * 20_000 + text[at:]
    data = text.encode("utf-8", "surrogateescape")
    if kind == 6:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes([0xFF, 0xFE, 0x80]) + data[at:]
    path.write_bytes(data)


def rewrite_json(rng: random.Random, path: Path) -> None:
    """Replace, drop or rename a value anywhere in the tree."""
    tree = json.loads(path.read_text(encoding="utf-8"))
    for _ in range(rng.choice((1, 1, 2, 4))):
        _rewrite_tree(rng, tree)
    path.write_text(json.dumps(tree), encoding="utf-8")


def _rewrite_tree(rng: random.Random, tree: Any) -> None:
    places: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        places += [(node, key) for key in keys]
        todo += [node[key] for key in keys if isinstance(node[key], dict | list)]
    if not places:
        return
    node, key = rng.choice(places)
    kind = rng.randrange(5)
    if kind <= 2 or isinstance(node, list):
        node[key] = rng.choice(ODD_VALUES)
    elif kind == 3:
        del node[key]
    else:
        node[rng.choice(("x", "", key.upper()))] = node.pop(key)


def rewrite_raster(rng: random.Random, path: Path) -> None:
    """Say other things in a raster's header: CRS, transform, nodata, scale, names, tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "r+") as file:
            kind = rng.randrange(7)
            if kind == 0:
                text = rng.choice((*LOCAL_CRS, "EPSG:4326", "EPSG:3857", "EPSG:27700"))
                file.crs = CRS.from_user_input(text)
            elif kind == 1:
                a, b, c, d, e, f = list(file.transform)[:6]
                file.transform = rng.choice(
                    (
                        rasterio.Affine(a, b, 1e12, d, e, f),
                        rasterio.Affine(a * 1e-9, b, c, d, e * 1e-9, f),
                        rasterio.Affine(a, 3, c, 3, e, f),
                        rasterio.Affine(-a, b, c, d, -e, f),
                        rasterio.Affine(a, b, math.nan, d, e, math.inf),
                        rasterio.Affine(a * 1e6, b, c, d, e * 1e6, f),
                    )
                )
            elif kind == 2:
                file.nodata = rng.choice((0, 1, -1, None))
            elif kind == 3:
                odd = rng.choice((0.0, math.inf, math.nan, -1.0, 1e300, 1e-300))
                file.scales = [odd] * file.count
            elif kind == 4:
                file.offsets = [rng.choice((math.inf, math.nan, -1e300, 1e5))] * file.count
            elif kind == 5:
                for band in range(1, file.count + 1):
                    file.set_band_description(band, rng.choice(("B02", "", "slope", "é", "QA")))
            else:
                known = list(file.tags()) or ["AREA_OR_POINT"]
                value = rng.choice(ODD_TEXTS).replace("\x00", "?")
                file.update_tags(**{rng.choice(known): value})


def rewrite_pixels(rng: random.Random, path: Path) -> None:
    """Write the raster anew with another type, size, number of bands, or odd pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as file:
            data, profile, names = file.read(), dict(file.profile), file.descriptions
        kind = rng.randrange(5)
        if kind == 0:
            profile["dtype"] = rng.choice(("float64", "uint8", "int32", "uint32", "complex64"))
            data = data.astype(profile["dtype"])
            profile["nodata"] = None
        elif kind == 1:
            data = data[:, : rng.choice((1, 2, 7)), : rng.choice((1, 3))]
            profile.update(height=data.shape[1], width=data.shape[2])
        elif kind == 2:
            data = data[: rng.randrange(len(data)) + 1]
            profile["count"] = len(data)
        elif kind == 3:
            data = data.astype("float32")
            data[:, ::3, ::2] = rng.choice((math.nan, math.inf, -math.inf, 1e38, -32768))
            profile.update(dtype="float32", nodata=None)
        else:
            data[:] = rng.choice((0, 1, 255))
        for key in ("blockxsize", "blockysize", "tiled", "predictor", "compress"):
            profile.pop(key, None)
        temporary = path.with_suffix(".new.tif")
        with rasterio.open(temporary, "w", **{**profile, "driver": "GTiff"}) as out:
            out.write(data)
            for band, name in enumerate(names[: len(data)], start=1):
                out.set_band_description(band, name or "")
        temporary.replace(path)


def rewrite_zip(rng: random.Random, path: Path) -> None:
    """Pack anew with odd members: paths that lead out, junk, encryption flags, odd methods."""
    kind = rng.randrange(6)
    if kind <= 2:
        data = bytearray(path.read_bytes())
        signatures = [m.start() for m in re.finditer(b"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
        at = rng.choice(signatures) if signatures else 0
        offset = rng.choice((6, 8, 10, 20, 24, 28, 30, 42))
        data[at + offset : at + offset + 2] = struct.pack("<H", rng.choice((1, 9, 12, 99, 65535)))
        path.write_bytes(data)
        return
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    names = {
        3: ("../../out-of-here.tif", "/tmp/out-of-here.tif", "a\\..\\b.tif"),
        4: ("__MACOSX/._B02.tif", ".DS_Store", "Thumbs.db"),
        5: ("x" * 300 + ".tif", "é\u202e.tif", "con.tif"),
    }[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                odd = rng.random() < 0.3
                archive.writestr(rng.choice(names) if odd else name, content)
            archive.writestr(rng.choice(names), b"junk" * rng.choice((1, 100_000)))


def rewrite_geopackage(rng: random.Random, path: Path) -> None:
    """Put odd values into cells of any table, also geometries and the tables of the format."""
    with closing(sqlite3.connect(path)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        db.executescript("PRAGMA writable_schema=ON;")
        for trigger in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{trigger[0]}"')
        for _ in range(rng.choice((1, 2, 5))):
            table = rng.choice(tables)
            columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
            if not columns or table.startswith("sqlite_"):
                continue
            column = rng.choice(columns)
            value = rng.choice(
                (
                    None,
                    -1,
                    1e308,
                    math.inf,
                    2**62,
                    b"\xff\xfe\x00",
                    _geometry(rng),
                    *ODD_TEXTS,
                    "[" * 50_000,
                )
            )
            if rng.random() < 0.2:
                value = sqlite3.Binary(rng.randbytes(40))
            try:
                if rng.random() < 0.1:
                    db.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "odd"')
                else:
                    db.execute(f'UPDATE "{table}" SET "{column}" = ?', (value,))
                    if rng.random() < 0.2:
                        raw = f'UPDATE "{table}" SET "{column}" = CAST(x\'fffe41\' AS TEXT)'
                        db.execute(raw)
            except (sqlite3.Error, OverflowError):
                continue
        db.commit()


def _geometry(rng: random.Random) -> bytes:
    """A GeoPackage geometry that is a polygon with odd coordinates."""
    odd = rng.choice((math.nan, math.inf, 1e300, 0.0))
    ring = [(0.0, 0.0), (10.0, odd), (odd, 10.0), (0.0, 0.0)]
    points = b"".join(struct.pack("<dd", *point) for point in ring)
    wkb = struct.pack("<BIII", 1, rng.choice((3, 6, 17, 1003)), 1, len(ring)) + points
    return b"GP\x00\x01" + struct.pack("<i", rng.choice((4326, 32651, -1, 99999))) + wkb


def reseal(rng: random.Random, path: Path) -> None:
    """Change a model card and seal it: as an author would, not as a damaged disk."""
    from engine.models.integrity import card_digest

    rewrite_json(rng, path)
    card = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(card, dict):
        card.pop("digest", None)
        path.write_text(json.dumps({**card, "digest": card_digest(card)}), encoding="utf-8")


def damage_network(rng: random.Random, folder: Path) -> None:
    """Damage a bundle's network and seal it: what only the runtime can notice."""
    from engine.models.bundle import seal

    path = folder / "model" / "model.onnx"
    DAMAGED(rng, path)
    with contextlib.suppress(L4SError):
        seal(folder / "model")


def one_of(*mutators: Mutator) -> Mutator:
    """Use one of several mutators; where one cannot read what it should change, flip bytes."""

    def mutate(rng: random.Random, path: Path) -> None:
        chosen = rng.choice(mutators)
        try:
            chosen(rng, path)
        except Exception:  # a format that this mutator does not know
            flip_bytes(rng, path)

    return mutate


def some_file(pattern: str, mutator: Mutator) -> Mutator:
    """Change one file of a folder; now and then remove it, empty it or make it a folder."""

    def mutate(rng: random.Random, folder: Path) -> None:
        files = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not files:
            return
        path = rng.choice(files)
        kind = rng.randrange(12)
        if kind == 0:
            path.unlink()
        elif kind == 1:
            path.write_bytes(b"")
        elif kind == 2:
            path.unlink()
            path.mkdir()
        elif kind == 3:
            shutil.copy(rng.choice(files), path.with_name(f"copy-{path.name}"))
        else:
            mutator(rng, path)

    return mutate


DAMAGED = one_of(flip_bytes, cut, shuffle_blocks)
RASTER = one_of(flip_bytes, cut, shuffle_blocks, rewrite_raster, rewrite_raster, rewrite_pixels)
TEXT = one_of(rewrite_text, rewrite_text, rewrite_text, flip_bytes, cut)
JSON = one_of(rewrite_json, rewrite_json, rewrite_json, rewrite_text, cut)
ARCHIVE = one_of(rewrite_zip, rewrite_zip, flip_bytes, cut, shuffle_blocks)
GEOPACKAGE = one_of(rewrite_geopackage, rewrite_geopackage, rewrite_geopackage, DAMAGED)
NETWORK = damage_network
CARD = one_of(reseal, reseal, reseal, JSON)
