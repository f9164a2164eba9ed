"""KML 2.2 and KMZ for Google Earth, coloured by review status."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, Any, cast
from xml.sax.saxutils import XMLGenerator  # nosec B406 - writes XML, parses none
from xml.sax.xmlreader import AttributesImpl  # nosec B406

import numpy as np
import shapely

from engine.events import Reporter
from engine.files import atomic_path
from engine.inventory.formats.degrees import in_degrees
from engine.inventory.inventory import Inventory, text_of
from engine.inventory.schema import BY_NAME
from engine.status import STATUSES

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write a placemark for each landslide, with its columns as data."""
    with atomic_path(out) as temporary, _opened(temporary, out.suffix.lower()) as file:
        document = _Document(file)
        with (
            document.inside("kml", xmlns="http://www.opengis.net/kml/2.2"),
            document.inside("Document"),
        ):
            document.text("name", out.stem)
            _styles(document)
            table = in_degrees(selection)
            rows = table.drop(columns=table.geometry.name).to_dict("records")
            for shape, row in zip(np.asarray(table.geometry), rows, strict=True):
                _placemark(document, shape, {str(name): value for name, value in row.items()})
        document.end()
    return [out]


@contextmanager
def _opened(path: Path, suffix: str) -> Iterator[IO[str]]:
    """The text of the document, inside a zip where the suffix asks for it."""
    if suffix != ".kmz":
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("doc.kml", "w", force_zip64=True) as member,
        TextIOWrapper(member, encoding="utf-8") as file,
    ):
        yield file


class _Document:
    """Elements written one after the other, so that millions need no memory."""

    def __init__(self, file: IO[str]) -> None:
        self._xml = XMLGenerator(cast(TextIOBase, file), "utf-8")
        self._xml.startDocument()

    @contextmanager
    def inside(self, tag: str, **attributes: str) -> Iterator[None]:
        """An element around what is written meanwhile."""
        self._xml.startElement(tag, AttributesImpl(attributes))
        yield
        self._xml.endElement(tag)
        self._xml.ignorableWhitespace("\n")

    def text(self, tag: str, text: str, **attributes: str) -> None:
        """An element that holds a text."""
        self._xml.startElement(tag, AttributesImpl(attributes))
        self._xml.characters(_NO_XML.sub("", text))
        self._xml.endElement(tag)

    def end(self) -> None:
        """Finish the document."""
        self._xml.endDocument()


def _styles(document: _Document) -> None:
    for status in STATUSES:
        red, green, blue = (status.colour[i : i + 2] for i in (1, 3, 5))
        with document.inside("Style", id=status.name):
            with document.inside("LineStyle"):
                document.text("color", f"ff{blue}{green}{red}")
                document.text("width", "2")
            with document.inside("PolyStyle"):
                document.text("color", f"{'40' if status.confirmed else '00'}{blue}{green}{red}")


def _placemark(document: _Document, shape: Any, row: Mapping[str, Any]) -> None:
    with document.inside("Placemark"):
        document.text("name", f"Landslide {row['id']}")
        first, last = text_of(row["date_from"]), text_of(row["date_to"])
        if first or last:
            with document.inside("TimeSpan"):
                if first:
                    document.text("begin", first)
                if last:
                    document.text("end", last)
        document.text("styleUrl", f"#{text_of(row['status'])}")
        with document.inside("ExtendedData"):
            for name, value in row.items():
                if text := text_of(value):
                    with document.inside("Data", name=name):
                        if name in BY_NAME:
                            document.text("displayName", BY_NAME[name].alias)
                        document.text("value", text)
        with document.inside("MultiGeometry"):
            for part in shapely.get_parts(shape):
                with document.inside("Polygon"):
                    _ring(document, "outerBoundaryIs", part.exterior)
                    for hole in part.interiors:
                        _ring(document, "innerBoundaryIs", hole)


def _ring(document: _Document, tag: str, ring: Any) -> None:
    with document.inside(tag), document.inside("LinearRing"):
        xy = shapely.get_coordinates(ring)
        document.text("coordinates", " ".join(f"{x:.7f},{y:.7f}" for x, y in xy))
