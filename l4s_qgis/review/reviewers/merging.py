"""Merges the decisions of several reviewers, listing conflicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import (
    NULL,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from ...i18n import tr
from .. import schema
from ..changes import Change
from ..inventory import ReviewedLayer, multi, plain
from .parts import handed_out

DECIDED = ("status", "reason", "notes", "confidence", "ls_type", "material", "trigger")
"""What makes two versions of a landslide different, besides the outline."""
TAKEN = (
    *DECIDED,
    "reviewer",
    "reviewed",
    "event",
    "date_from",
    "date_to",
    *schema.MEASURED,
)
SAME_SHARE = 0.5
"""Two drawn landslides that share so much of the smaller one are the same."""


@dataclass(frozen=True)
class Version:
    """What one file says of a landslide.

    Attributes:
        source: The file's name, or empty for the inventory itself.
        values: By column.
        geometry: Its outline in the inventory's CRS; None where it was removed.
    """

    source: str
    values: Mapping[str, Any]
    geometry: QgsGeometry | None

    @property
    def when(self) -> str:
        """When it was decided, ISO 8601."""
        return str(self.values.get("reviewed") or "")

    def agrees(self, other: Version) -> bool:
        """Whether another version says the same."""
        if (self.geometry is None) != (other.geometry is None):
            return False
        if self.geometry is not None and not self.geometry.isGeosEqual(other.geometry):
            return False
        return all(
            (self.values.get(name) or None) == (other.values.get(name) or None) for name in DECIDED
        )

    def describe(self) -> str:
        """What it says, in words."""
        if self.geometry is None:
            return tr("{source}: removed").format(source=self.source)
        status = schema.status(str(self.values.get("status") or schema.PENDING)).title()
        reason = str(self.values.get("reason") or "")
        title = schema.REASONS[reason]() if reason in schema.REASONS else reason
        who = str(self.values.get("reviewer") or "–")
        place = self.source or tr("here")
        text = f"{place}: {status}" + (f" ({title})" if title else "")
        return f"{text}, {who}, {self.when[:10] or '–'}"


@dataclass
class Conflict:
    """A landslide on which reviewers disagree.

    Attributes:
        number: Its number; that of the first version for a drawn one.
        fid: Its row in the inventory; None for one that was drawn by the reviewers.
        versions: What each says, the latest first.
        chosen: Which one is taken.
    """

    number: int
    fid: int | None
    versions: list[Version]
    chosen: int = 0


@dataclass
class Merge:
    """What the files of several reviewers come to.

    Attributes:
        agreed: By row of the inventory: the one version that differs from it.
        added: Landslides that one reviewer drew.
        conflicts: Where reviewers differ.
        unreadable: Files that are no inventory.
    """

    agreed: dict[int, Version] = field(default_factory=dict)
    added: list[Version] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def compare(reviewed: ReviewedLayer, files: Sequence[Path]) -> Merge:
    """Compare the files of reviewers with the inventory from which they came.

    Landslides are the same by their number. A version is one that differs from the inventory. Where
    the inventory itself was decided on meanwhile, it is a version, too.

    Args:
        reviewed: The inventory.
        files: The reviewers' GeoPackages.
    """
    merge = Merge()
    base = {
        int(number): (feature.id(), _version("", feature, None))
        for feature in reviewed.layer.getFeatures()
        if (number := plain(feature["id"])) is not None
    }
    versions: dict[int, list[Version]] = {}
    drawn: list[Version] = []
    for path in files:
        layer = QgsVectorLayer(f"{path}|layername=landslides", path.stem, "ogr")
        if not layer.isValid() or layer.fields().indexOf("id") < 0:
            merge.unreadable.append(path.name)
            continue
        transform = QgsCoordinateTransform(layer.crs(), reviewed.layer.crs(), QgsProject.instance())
        given = handed_out(path)
        seen = set()
        for feature in layer.getFeatures():
            number = plain(feature["id"])
            version = _version(path.stem, feature, transform)
            known = number in base and (not given or number in given)
            if not known:
                drawn.append(version)
                continue
            seen.add(int(number))
            if not version.agrees(base[number][1]):
                versions.setdefault(int(number), []).append(version)
        for number in (given & set(base)) - seen:
            versions.setdefault(number, []).append(Version(path.stem, {}, None))
    for number, said in versions.items():
        fid, here = base[number]
        if not schema.is_open(str(here.values.get("status") or schema.PENDING)):
            said = [*said, here]
        _settle(merge, number, fid, said)
    for group in _same_ground(drawn):
        _settle(merge, int(group[0].values.get("id") or 0), None, group)
    return merge


def _settle(merge: Merge, number: int, fid: int | None, said: list[Version]) -> None:
    """Take what all agree on; list what they do not."""
    ordered = sorted(said, key=lambda version: version.when, reverse=True)
    if not all(version.agrees(ordered[0]) for version in ordered):
        merge.conflicts.append(Conflict(number, fid, ordered))
    elif fid is None:
        merge.added.append(ordered[0])
    else:
        merge.agreed[fid] = ordered[0]


def _same_ground(drawn: Sequence[Version]) -> list[list[Version]]:
    """Group landslides that several reviewers drew on the same ground."""
    groups: list[list[Version]] = []
    for version in drawn:
        for group in groups:
            if any(
                other.source != version.source and _overlap(other.geometry, version.geometry)
                for other in group
            ):
                group.append(version)
                break
        else:
            groups.append([version])
    return groups


def _overlap(one: QgsGeometry | None, other: QgsGeometry | None) -> bool:
    if one is None or other is None or not one.boundingBoxIntersects(other):
        return False
    smaller = min(one.area(), other.area())
    return bool(smaller > 0 and one.intersection(other).area() >= SAME_SHARE * smaller)


def _version(source: str, feature: QgsFeature, transform: QgsCoordinateTransform | None) -> Version:
    geometry = QgsGeometry(feature.geometry())
    if transform is not None and not transform.isShortCircuited():
        geometry.transform(transform)
    names = {one.name() for one in feature.fields()}
    values = {name: plain(feature[name]) for name in ("id", *TAKEN) if name in names}
    return Version(source, values, geometry)


def take(reviewed: ReviewedLayer, merge: Merge) -> int:
    """Write what was merged, in one step of undo.

    Args:
        reviewed: The inventory.
        merge: What was compared; conflicts as they were chosen.

    Returns:
        How many landslides changed.

    Raises:
        ReviewError: It cannot be written; then nothing is.
    """
    chosen = dict(merge.agreed)
    added = list(merge.added)
    for conflict in merge.conflicts:
        version = conflict.versions[conflict.chosen]
        if conflict.fid is None:
            added.append(version)
        elif version.source:
            chosen[conflict.fid] = version
    values: dict[int, dict[int, Any]] = {}
    shapes: dict[int, QgsGeometry] = {}
    gone = []
    for fid, version in chosen.items():
        if version.geometry is None:
            gone.append(fid)
            continue
        values[fid] = _row(reviewed, version)
        if not version.geometry.isGeosEqual(reviewed.feature(fid).geometry()):
            shapes[fid] = multi(version.geometry)
    number = reviewed.next_id()
    features = []
    for version in added:
        if version.geometry is None:
            continue
        row = {**_row(reviewed, version), reviewed.index("id"): number}
        row.pop(-1, None)
        features.append(
            QgsVectorLayerUtils.createFeature(reviewed.layer, multi(version.geometry), row)
        )
        number += 1
    if not (values or features or gone):
        return 0
    reviewed.change(Change(values, shapes, features, gone))
    return len(values) + len(features) + len(gone)


def _row(reviewed: ReviewedLayer, version: Version) -> dict[int, Any]:
    row = {
        reviewed.index(name): NULL if version.values[name] is None else version.values[name]
        for name in TAKEN
        if name in version.values
    }
    row.pop(-1, None)
    return row
