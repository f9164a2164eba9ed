"""Model bundles: a folder with weights, ONNX form and card.

::

    NAME/
      card.json            what it is, what it needs, how it was trained and scored, SHA-256 of the
                           other files, and a digest over all of this
      weights.safetensors  for PyTorch (CUDA inference, further training)
      model.onnx           for ONNX Runtime: input ``image`` (N, C, h, w) float32,
                           output ``probability`` (N, h, w) float32

Pickles are refused: they could run any code when opened. So are ONNX files that keep weights in
other files. Digests are checked whenever a bundle is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import (
    BundleError,
    ChannelError,
    DigestError,
    MissingFileError,
    UnsafeWeightsError,
)
from engine.files import atomic_path
from engine.models.card import NAME, FileEntry, ModelCard
from engine.models.integrity import (
    DIGEST,
    FILE_NAME,
    card_digest,
    require_weights_inside,
)

CARD = "card.json"
WEIGHTS = "weights.safetensors"
ONNX = "model.onnx"
DEFAULT_MODEL = "light"
_PICKLES = (".pt", ".pth", ".pkl", ".ckpt", ".bin")


@dataclass(frozen=True)
class ModelBundle:
    """A checked bundle on disk.

    Attributes:
        path: Its folder.
        card: Its card.
        digest: That of the card, which covers everything in the bundle: it names the model in
            every output.
    """

    path: Path
    card: ModelCard
    digest: str

    @classmethod
    def open(cls, path: Path) -> ModelBundle:
        """Check a bundle and take a handle on it.

        Raises:
            MissingFileError: There is no such folder or no card in it.
            UnsafeWeightsError: It holds a pickle instead of safetensors.
            DigestError: A file is not the one that the card describes.
            BundleError: The card cannot be read, or a file is missing.
        """
        if path.suffix in _PICKLES:
            raise UnsafeWeightsError(_unsafe(path))
        if not (path / CARD).is_file():
            raise MissingFileError(
                f"{path} is not a model bundle: it holds no {CARD}; give a bundle's folder or a"
                " name from `l4s models list`."
            )
        pickles = (
            []
            if (path / WEIGHTS).exists()
            else [p for p in sorted(path.iterdir()) if p.suffix in _PICKLES]
        )
        if pickles:
            raise UnsafeWeightsError(_unsafe(pickles[0]))
        text = _read_card(path)
        card = ModelCard.from_json(text, str(path / CARD))
        for name, entry in card.files.items():
            file = path / name
            if not FILE_NAME.fullmatch(name):
                raise BundleError(
                    f"The card of {path} lists the file {name!r}, which does not lie in the"
                    " bundle's folder; export the bundle again."
                )
            if not file.is_file():
                raise BundleError(f"The bundle {path} misses {name}; copy it again.")
            found = sha256(file)
            if found != entry.sha256:
                raise DigestError(
                    f"{file} has SHA-256 {found[:12]}…, but the model card says"
                    f" {entry.sha256[:12]}…; it is damaged or was changed: copy the bundle again."
                )
        if not {WEIGHTS, ONNX} & set(card.files):
            raise BundleError(
                f"The bundle {path} lists neither {WEIGHTS} nor {ONNX} in its card; export it"
                " again."
            )
        _check_safetensors(path / WEIGHTS)
        if ONNX in card.files:
            require_weights_inside(path / ONNX)
        return cls(path, card, json.loads(text)[DIGEST])

    @property
    def onnx_path(self) -> Path | None:
        """The ONNX file, if it has one."""
        return self.path / ONNX if ONNX in self.card.files else None

    @property
    def weights_path(self) -> Path | None:
        """The safetensors file, if it has one."""
        return self.path / WEIGHTS if WEIGHTS in self.card.files else None

    def select(self, available: tuple[str, ...]) -> tuple[str, ...]:
        """Which of the available channels this model uses.

        Raises:
            ChannelError: One that it cannot do without is missing.
        """
        missing = [name for name in self.card.required if name not in available]
        if missing:
            raise ChannelError(
                f"The model {self.card.name} needs {', '.join(missing)}, but the stack has only"
                f" {', '.join(available)}; add the missing channels or choose a model that does"
                " without them (`l4s models list`)."
            )
        return tuple(name for name in self.card.channels if name in available)


def write_bundle(
    folder: Path, card: ModelCard, weights: Mapping[str, NDArray[Any]] | None, onnx: bytes | None
) -> ModelBundle:
    """Write a bundle, complete or not at all, and open it again.

    Args:
        folder: Where it goes; replaced if it holds a bundle already.
        card: Its card; ``files`` is filled in here.
        weights: Tensors by name for ``weights.safetensors``.
        onnx: Content of ``model.onnx``.

    Returns:
        The checked bundle.
    """
    from safetensors.numpy import save

    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        if weights is not None:
            tensors = {name: np.ascontiguousarray(value) for name, value in weights.items()}
            (temporary / WEIGHTS).write_bytes(
                save(tensors)
            )  # its own writer tells of a full disk in another way
        if onnx is not None:
            (temporary / ONNX).write_bytes(onnx)
        files = {
            f.name: FileEntry(sha256(f), f.stat().st_size) for f in sorted(temporary.iterdir())
        }
        (temporary / CARD).write_text(replace(card, files=files).to_json(), encoding="utf-8")
        if (folder / CARD).exists():
            shutil.rmtree(folder)
    return ModelBundle.open(folder)


def model_folders() -> tuple[Path, ...]:
    """Folders in which bundles are looked up by name.

    ``L4S_MODELS`` first, then those that come with the engine.
    """
    package = Path(__file__).resolve().parents[1]
    shipped = (package / "resources" / "models", package.parent / "resources" / "models")
    extra = tuple(Path(p) for p in os.environ.get("L4S_MODELS", "").split(os.pathsep) if p)
    return (*extra, *(p for p in shipped if p.is_dir()))


def installed() -> Iterator[Path]:
    """Folders of all bundles that can be given by name."""
    seen: set[str] = set()
    for folder in model_folders():
        for card in sorted(folder.glob(f"*/{CARD}")):
            if card.parent.name not in seen:
                seen.add(card.parent.name)
                yield card.parent


def find_model(name_or_path: str) -> ModelBundle:
    """Open a bundle by its name (``l4s models list``) or its folder.

    Raises:
        MissingFileError: Neither a bundle's name nor a folder.
        BundleError: See :meth:`ModelBundle.open`.
    """
    if NAME.fullmatch(name_or_path) and not Path(name_or_path).exists():
        for path in installed():
            if path.name == name_or_path:
                return ModelBundle.open(path)
        names = ", ".join(path.name for path in installed()) or "none"
        raise MissingFileError(
            f"There is no model named {name_or_path!r} (installed: {names}) and no such folder;"
            " check the name or the path."
        )
    return ModelBundle.open(Path(name_or_path))


def sha256(path: Path) -> str:
    """SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
        return digest.hexdigest()


def with_card(bundle: ModelBundle, card: ModelCard) -> ModelBundle:
    """Give a bundle another card, its files as they are, and open it again."""
    text = replace(card, files=bundle.card.files).to_json()
    with atomic_path(bundle.path / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return ModelBundle.open(bundle.path)


def seal(path: Path) -> ModelBundle:
    """Accept a bundle as it is: write its digests anew.

    Args:
        path: Folder of a bundle that its owner changed on purpose.

    Returns:
        The checked bundle.

    Raises:
        MissingFileError: There is no bundle.
        BundleError: Its card makes no sense, or a file is missing.
        OutputError: The card cannot be written.
    """
    try:
        data = dict(json.loads(_read_card(path)))
        names = sorted(data.get("files", ())) or [WEIGHTS, ONNX]
        data["files"] = {
            name: {"sha256": sha256(path / name), "bytes": (path / name).stat().st_size}
            for name in names
            if FILE_NAME.fullmatch(name) and (path / name).is_file()
        }
    except (ValueError, TypeError, RecursionError) as error:
        raise BundleError(
            f"{path / CARD} is not a model card ({error}); export the bundle again."
        ) from error
    sealed = json.dumps({**data, DIGEST: card_digest(data)}, indent=2, ensure_ascii=False) + "\n"
    ModelCard.from_json(sealed, str(path / CARD))
    with atomic_path(path / CARD) as temporary:
        temporary.write_text(sealed, encoding="utf-8")
    return ModelBundle.open(path)


def _read_card(path: Path) -> str:
    try:
        return (path / CARD).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(
            f"{path / CARD} is not a model card ({error}); export the bundle again."
        ) from error
    except OSError as error:
        raise MissingFileError(
            f"{path / CARD} cannot be read ({error.strerror}); give a bundle's folder or a name"
            " from `l4s models list`."
        ) from error


def _check_safetensors(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as file:
        start = file.read(9)
    # A safetensors file starts with the length of its JSON header; in a zip (torch.save) or a bare
    # pickle those eight bytes make no length, or no JSON follows.
    if int.from_bytes(start[:8], "little") > path.stat().st_size or start[8:9] != b"{":
        raise UnsafeWeightsError(_unsafe(path))


def _unsafe(path: Path) -> str:
    return (
        f"{path} is not a safetensors file (a pickle could run any code when opened) and is"
        " refused; export the model with `l4s train` or convert its weights to safetensors."
    )
