"""Landslide4Sense from its public record: fetched, checked, unpacked.

A record is a JSON document as Zenodo serves it, with ``files`` that each have a name (``key``), a
``checksum`` (``md5:…`` or ``sha256:…``), a ``size`` and a download address (``links.self``).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from engine.errors import DatasetError, DependencyError, DigestError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder, write_json

RECORD = "https://zenodo.org/api/records/10463239"
"""Landslide4Sense, CC BY 4.0."""

SOURCE = "SOURCE.json"
_TIMEOUT_S = 60
_CHUNK = 2**20
_LARGEST_RECORD = 2**22
_SPLITS = ("TrainData", "ValidData", "TestData")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a record.

    Attributes:
        name: Its name.
        address: Where it is downloaded.
        algorithm: Of its digest: ``md5`` or ``sha256``.
        digest: Its digest, hexadecimal.
        size: Its bytes.
    """

    name: str
    address: str
    algorithm: str
    digest: str
    size: int


def fetch_dataset(
    out: Path, *, record: str = RECORD, reporter: Reporter = SILENT
) -> dict[str, Any]:
    """Download and unpack a record's archives; what is there already stays.

    Args:
        out: The dataset's root; ``SOURCE.json`` in it says where it came from.
        record: Address of the record.
        reporter: Progress in bytes.

    Returns:
        The record's address and its files with their digests; everything is JSON.

    Raises:
        DependencyError: There is no network, or the server does not answer.
        DatasetError: The record or an archive makes no sense.
        DigestError: A file is not the one that the record describes.
    """
    output_folder(out)
    files = read_record(record)
    done = _done(out)
    for file in files:
        if done.get(file.name) == f"{file.algorithm}:{file.digest}":
            reporter.log(f"{file.name} is there already.")
            continue
        archive = download(file, out, reporter)
        unpack(archive, out)
        archive.unlink()
        done[file.name] = f"{file.algorithm}:{file.digest}"
        write_json(out / SOURCE, {"record": record, "files": done})
    return {"record": record, "files": done, "out": str(out)}


def read_record(address: str) -> list[RemoteFile]:
    """The archives that a record lists."""
    with _open(address) as answer:
        text = answer.read(_LARGEST_RECORD)
    try:
        entries = json.loads(text)["files"]
        files = [_remote_file(entry) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(
            f"{address} is no record of a dataset ({type(error).__name__}); check the address."
        ) from error
    archives = [file for file in files if file.name.endswith(".zip")]
    if not archives:
        raise DatasetError(f"{address} lists no zip archive; check the address.")
    return archives


def _remote_file(entry: Mapping[str, Any]) -> RemoteFile:
    algorithm, _, digest = str(entry["checksum"]).partition(":")
    if algorithm not in ("md5", "sha256") or not digest:
        raise ValueError("unknown kind of checksum")
    name = PurePosixPath(str(entry["key"])).name
    return RemoteFile(name, str(entry["links"]["self"]), algorithm, digest, int(entry["size"]))


def download(file: RemoteFile, folder: Path, reporter: Reporter = SILENT) -> Path:
    """Download a file, or resume one, and check its digest.

    Raises:
        DigestError: It is not the file that the record describes; it is removed.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    have = part.stat().st_size if part.is_file() else 0
    if have < file.size:
        with _open(file.address, have) as answer:
            resumed = getattr(answer, "status", 200) == 206
            with part.open("ab" if resumed else "wb") as target:
                done = have if resumed else 0
                while chunk := answer.read(_CHUNK):
                    target.write(chunk)
                    done += len(chunk)
                    reporter.progress(f"downloading {file.name}", done, file.size)
    digest = hashlib.new(file.algorithm, usedforsecurity=False)
    with part.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    if part.stat().st_size < file.size:
        raise DependencyError(
            f"The download of {file.name} ended after {part.stat().st_size:,} of {file.size:,}"
            " bytes; run the command again, which goes on there."
        )
    if digest.hexdigest() != file.digest:
        part.unlink()
        raise DigestError(
            f"{file.name} has {file.algorithm} {digest.hexdigest()[:12]}…, but the record says"
            f" {file.digest[:12]}…; it was removed: run the command again."
        )
    return part.replace(path)


def unpack(archive: Path, out: Path) -> None:
    """Unpack the HDF5 files of an archive below the splits' folders.

    ``TrainData``, ``ValidData`` and ``TestData``.

    Raises:
        DatasetError: It is no archive of the dataset.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [(entry, _place(entry.filename)) for entry in packed.infolist()]
            chosen = [(entry, place) for entry, place in members if place is not None]
            if not chosen:
                raise DatasetError(
                    f"{archive} holds no image_N.h5 or mask_N.h5 below {', '.join(_SPLITS)}; it is"
                    " not Landslide4Sense."
                )
            for entry, place in chosen:
                target = out / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, atomic_path(target) as temporary:
                    temporary.write_bytes(source.read())
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise DatasetError(
            f"{archive} cannot be unpacked ({error}); remove it and run the command again."
        ) from error


def _place(name: str) -> Path | None:
    """Where a member of an archive goes; None for what is no patch."""
    parts: Sequence[str] = PurePosixPath(name.replace("\\", "/")).parts
    at = next((i for i, part in enumerate(parts) if part in _SPLITS), None)
    if at is None or len(parts) != at + 3 or parts[at + 1] not in ("img", "mask"):
        return None
    beginning = {"img": "image_", "mask": "mask_"}[parts[at + 1]]
    number = parts[-1].removeprefix(beginning).removesuffix(".h5")
    return (
        Path(*parts[at:]) if parts[-1] == f"{beginning}{number}.h5" and number.isdigit() else None
    )


def _done(out: Path) -> dict[str, str]:
    try:
        return dict(json.loads((out / SOURCE).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _open(address: str, start: int = 0) -> Any:
    """Open an address, from a byte on; one sentence where that fails."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise DatasetError(f"{address} is no web address; give one that begins with https://.")
    headers = {"User-Agent": "l4s"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        request = Request(address, headers=headers)
        return urlopen(request, timeout=_TIMEOUT_S)  # nosec B310 - http and https only
    except HTTPError as error:
        raise DependencyError(
            f"{address} answers {error.code} {error.reason}; check the address, or try again later."
        ) from error
    except (URLError, OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DependencyError(
            f"{address} cannot be reached ({reason}); this command needs the internet (HTTPS_PROXY"
            " is obeyed). Without it, copy the dataset's folders TrainData, ValidData and TestData"
            " here by hand."
        ) from error
