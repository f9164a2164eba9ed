"""Damaged and hostile archives and metadata: a sentence or a stack, never a traceback, no hang.

L4S_FUZZ sets the number of mutations of each kind (default 60); thousands are tried by hand.
"""

from __future__ import annotations

import os
import random
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from product_cases import dimap, maja, plain, product_xml, raster, safe, stac_item, tile_xml

from engine.cli import main
from engine.errors import InputError
from engine.scene.masks import cloud_polygons
from engine.scene.readers.markup import parse
from engine.scene.readers.metadata import product_metadata, tile_grids

ROUNDS = int(os.environ.get("L4S_FUZZ", "60"))
SECONDS = 20
Bytes = bytearray


def flip(data: Bytes, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)


def cut(data: Bytes, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def drop(data: Bytes, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randint(1, 40)]


def repeat(data: Bytes, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + 200] * rng.randint(1, 50)


NUMBERS = (b"1.2.3", b"9" * 5001, b"-1e999", b"nan", b"", b"0", b"-0", b"1e-320", b"0x10", b"\xff")


def number(data: Bytes, rng: random.Random) -> None:
    found = list(re.finditer(rb"\d[\d.]*", bytes(data)))
    if found:
        place = rng.choice(found)
        data[place.start() : place.end()] = rng.choice(NUMBERS)


def tag(data: Bytes, rng: random.Random) -> None:
    found = list(re.finditer(rb"</?[A-Za-z0-9_:]+", bytes(data)))
    if found:
        place = rng.choice(found)
        data[place.start() : place.end()] = rng.choice(
            (b"<x", b"</x", b"<!--", b"<![CDATA[", b"<?")
        )


MUTATIONS: tuple[Callable[[Bytes, random.Random], None], ...] = (
    flip,
    cut,
    drop,
    repeat,
    number,
    tag,
)


def mutated(data: bytes, seed: int) -> bytes:
    rng = random.Random(seed)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        if changed:
            rng.choice(MUTATIONS)(changed, rng)
    return bytes(changed)


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("products")
    found = {
        "safe": safe(folder / "safe"),
        "maja": maja(folder / "maja"),
        "snap": dimap(folder / "snap").parent,
        "stac": raster(folder / "stac" / "B02.tif", plain(1800)).parent,
        "image": raster(
            folder / "image" / "x.tif", np.stack([plain(500)] * 3), names=("B2", "B3", "SCL")
        ).parent,
    }
    import json

    (found["stac"] / "item.json").write_text(json.dumps(stac_item()))
    return found


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return target


def survives(path: Path, out: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A stack is made of it, or it is refused with one sentence; nothing else is written."""
    start = time.monotonic()
    code = main(["stack", "--sentinel2", str(path), "--out", str(out / "s.tif")])
    said = capfd.readouterr().err
    assert code in (0, 2), said
    assert "Traceback" not in said
    assert time.monotonic() - start < SECONDS
    assert {file.name for file in out.iterdir()} <= {"s.tif"}
    if code == 2:
        assert not (out / "s.tif").exists()
        assert said.strip().count("\nl4s: ") <= 1
    (out / "s.tif").unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["safe", "maja", "snap", "stac", "image"])
def test_archives(
    products: dict[str, Path], tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = zipped(products[kind], tmp_path / "whole.zip").read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    directory = whole.index(b"PK\x01\x02")
    for seed in range(ROUNDS // 5):
        # Half of the mutations in the directory, which says where everything lies.
        head, tail = (directory, len(whole)) if seed % 2 else (0, len(whole))
        data = whole[:head] + mutated(whole[head:tail], seed)
        (tmp_path / "p.zip").write_bytes(data)
        survives(tmp_path / "p.zip", out, capfd)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("safe", "MTD_MSIL2A.xml"),
        ("safe", "MTD_TL.xml"),
        ("safe", "*_SCL_20m.tif"),
        ("safe", "*_B02_10m.tif"),
        ("snap", "*.dim"),
        ("snap", "B3.hdr"),
        ("stac", "item.json"),
        ("image", "x.tif"),
        ("maja", "*_CLM_R1.tif"),
    ],
)
def test_files_of_products(
    products: dict[str, Path],
    tmp_path: Path,
    kind: str,
    pattern: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = next(products[kind].rglob(pattern))
    whole = file.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    try:
        for seed in range(ROUNDS // 6):
            file.write_bytes(mutated(whole, seed))
            survives(products[kind], out, capfd)
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (product_metadata, product_xml("L2A", "05.09")),
        (product_metadata, product_xml("L1C", "02.04", offset=None)),
        (tile_grids, tile_xml()),
        (
            cloud_polygons,
            "<m:Mask><m:MaskFeature><g:Polygon><g:exterior><g:posList>0 0 9 0 9 9 0 0</g:posList>"
            "</g:exterior></g:Polygon></m:MaskFeature></m:Mask>",
        ),
    ],
)
def test_metadata(read: Callable[[bytes, str], object], text: str) -> None:
    for seed in range(ROUNDS * 20):
        sentence = ""
        try:
            read(mutated(text.encode(), seed), "x")
        except InputError as error:
            sentence = str(error)
        assert "\n" not in sentence
        assert len(sentence) < 500


def test_the_time_of_parsing_grows_with_the_size_alone() -> None:
    def seconds(times: int) -> float:
        text = product_xml("L2A", "05.09", extra="<x>1</x>" * times)
        start = time.process_time()
        product_metadata(text.encode(), "x")
        return time.process_time() - start

    seconds(1000)
    small, large = max(seconds(20_000), 1e-3), seconds(200_000)
    assert large < 40 * small  # 10 times the size; a quadratic parser takes 100 times as long
    for text in ("<BOA_ADD_OFFSET" * 100_000, "<a " + "b='" * 100_000, "<!--" * 100_000):
        start = time.process_time()
        with pytest.raises(InputError):
            parse(text.encode(), "x")
        assert time.process_time() - start < 2


def test_a_bomb_of_a_billion_laughs_and_one_of_zeros_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><x>&l9;</x>'
    product = safe(tmp_path)
    (product / "MTD_MSIL2A.xml").write_text(bomb)
    out = tmp_path / "out"
    out.mkdir()
    survives(product, out, capfd)
    archive = tmp_path / "zeros.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("X.SAFE/MTD_MSIL2A.xml", b"0" * (64 * 2**20))
    survives(archive, out, capfd)
