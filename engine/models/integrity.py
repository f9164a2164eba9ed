"""What makes a bundle tamper-evident: digests, one file of weights."""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import BundleError, DigestError

DIGEST = "digest"
"""Key of the card that covers all others, among them the digests of the bundle's files."""

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names of a bundle's files: no path, so that nothing outside the folder is read."""

_DEEPEST = 64

# Fields of ONNX messages that lead to tensors: number → message (onnx/onnx.proto, IR version 10).
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


def card_digest(card: Mapping[str, Any]) -> str:
    """SHA-256 over all of a card but its own digest, in any order.

    Of its files name, digest and size count; notes beside them do not.
    """
    content = {key: value for key, value in card.items() if key != DIGEST}
    if isinstance(files := card.get("files"), Mapping):
        content["files"] = {
            name: [entry.get("sha256"), entry.get("bytes")]
            for name, entry in files.items()
            if isinstance(entry, Mapping)
        }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def require_digest(card: Mapping[str, Any], source: str) -> None:
    """Check that a card was not changed since it was written.

    Args:
        card: Content of ``card.json``.
        source: Where it comes from, for messages.

    Raises:
        DigestError: It has no digest, or another one.
    """
    noted = card.get(DIGEST)
    if noted is None:
        raise DigestError(
            f"{source} has no digest, so nobody can tell whether it was changed; if you trust the"
            " bundle, `l4s models seal DIR` adds one."
        )
    found = card_digest(card)
    if noted != found:
        raise DigestError(
            f"{source} was changed: its content has digest {found[:12]}…, but it notes"
            f" {str(noted)[:12]}…; copy the bundle again, or, if you changed it yourself, accept it"
            " with `l4s models seal DIR`."
        )


def require_weights_inside(path: Path) -> None:
    """Check that an ONNX file keeps all weights itself.

    ONNX can name other files as the place of weights, also by absolute paths: no digest of the
    bundle would cover them.

    Args:
        path: The ONNX file.

    Raises:
        BundleError: It refers to other files, or is not ONNX.
    """
    if path.stat().st_size == 0:
        raise BundleError(f"{path} is empty; copy the bundle again.")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            external = _refers_outside(data, 0, len(data), "model", 0)
        except (ValueError, IndexError) as error:
            raise BundleError(
                f"{path} is not an ONNX file ({error}); export the bundle again."
            ) from error
    if external:
        raise BundleError(
            f"{path} keeps weights in other files, which no digest covers; export it again with"
            " all weights inside (onnx.save_model with save_as_external_data=False)."
        )


def _refers_outside(data: mmap.mmap, at: int, end: int, kind: str, depth: int) -> bool:
    """Whether a message, or one in it, is a tensor with its values elsewhere."""
    if depth > _DEEPEST:
        raise ValueError("its graphs are nested too deeply")
    inner = _FIELDS[kind]
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            if kind == "tensor" and number == _DATA_LOCATION and value != 0:
                return True
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError("it is truncated")
            if kind == "tensor" and number == _EXTERNAL_DATA:
                return True
            if number in inner and _refers_outside(data, at, at + length, inner[number], depth + 1):
                return True
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError(f"it holds a field of kind {wire}")
    if at != end:
        raise ValueError("it is truncated")
    return False


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("it holds a number that is too long")
