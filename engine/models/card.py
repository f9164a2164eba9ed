"""The card of a model bundle: what it is, needs and achieved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, NoReturn

from engine.bands import BY_NAME
from engine.errors import BundleError, ConfigError
from engine.models.integrity import DIGEST, card_digest, require_digest
from engine.models.normalization import Normalization
from engine.settings import Length, Positive, Range, check_ranges, parse, shortened

SCHEMA = 1
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""Names of models."""


@dataclass(frozen=True)
class FileEntry:
    """A file of a bundle: its SHA-256, hexadecimal, and its size."""

    sha256: Annotated[str, Length(64, 64)]
    bytes: Annotated[int, Range(0)] = 0


@dataclass(frozen=True)
class EnsembleEntry:
    """An ensemble that a model is a member of, and its threshold.

    It was chosen for all together.

    Attributes:
        members: Names of all its models.
        threshold: Probability from which the mean of the members calls a pixel landslide.
    """

    members: tuple[str, ...]
    threshold: Annotated[float, Range(0, 1, above=True, below=True)]


@dataclass(frozen=True)
class ModelCard:
    """What a bundle says of itself; stored as ``card.json``.

    Attributes:
        name: Lower-case identifier; the folder bears it.
        version: Version of the weights.
        title: One line for people.
        description: What it is for, in a paragraph.
        network: Builder in :mod:`engine.models.networks` (``builder``) and its keyword arguments.
        normalization: Channels and how they are normalised.
        required: Channels without which it cannot work; all others of its channels may be missing.
        threshold: Probability from which a pixel is called landslide, chosen by cross-validation.
        window_px: Window size at which it was validated, in input pixels.
        multiple_of_px: Sides of its input (after scaling) must be multiples of this.
        input_scale: Factor by which images are enlarged before the network (scale promotion), 1 for
            none.
        reach_px: How far, in input pixels (before scaling), a pixel's result depends on its
            surroundings; None for unknown or the whole window. Detection lets windows overlap only
            as much as this asks for. Cards written before it was known lack the key.
        resampling: How 20 m and 60 m bands are brought to 10 m in its training data.
        weight: Its weight in an ensemble.
        ensemble: The ensemble that it was trained for; None where it stands alone.
        training: Data, recipe, seeds, engine version: how it was made.
        scores: Measured scores with how, on what and with what spread; inductive and transductive
            apart.
        limits: Known limits, a sentence each.
        licence: Licence of the weights.
        files: SHA-256 and size of the bundle's files, filled in when it is written.
        schema: Version of this format.
    """

    name: str
    version: str
    title: str
    description: str
    network: Mapping[str, Any]
    normalization: Normalization
    required: tuple[str, ...]
    threshold: Annotated[float, Range(0, 1, above=True, below=True)]
    window_px: Annotated[int, Range(1, 8192)] = 256
    multiple_of_px: Annotated[int, Range(1, 1024)] = 32
    input_scale: Annotated[int, Range(1, 16)] = 1
    reach_px: Annotated[int, Range(0, 100_000)] | None = None
    resampling: str = "nearest"
    weight: Positive = 1.0
    ensemble: EnsembleEntry | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()
    limits: tuple[str, ...] = ()
    licence: str = "GPL-3.0-or-later"
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        try:
            check_ranges(self)
        except ConfigError as error:
            raise BundleError(
                f"The model card of {shortened(self.name)} makes no sense: {error}"
            ) from error
        unknown = [name for name in (*self.channels, *self.required) if name not in BY_NAME]
        if unknown:
            raise BundleError(
                f"The model card of {self.name} names unknown channels: {', '.join(unknown)}."
            )
        if not NAME.fullmatch(self.name):
            raise BundleError(
                "A model's name is up to 64 lower-case letters, digits, '.', '_' and '-', not"
                f" {shortened(self.name)!r}."
            )
        lacking = [name for name in self.required if name not in self.channels]
        if lacking or len(set(self.required)) < len(self.required):
            raise BundleError(
                f"The model card of {self.name} requires {', '.join(self.required)}; these must be"
                f" some of its channels {', '.join(self.channels)}, each once."
            )

    @property
    def channels(self) -> tuple[str, ...]:
        """The network's input channels, in order."""
        return self.normalization.channels

    def to_json(self) -> str:
        """The card as it is stored, with its digest."""
        data = asdict(self)
        return json.dumps({**data, DIGEST: card_digest(data)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> ModelCard:
        """Parse a card.

        Args:
            text: Content of ``card.json``.
            source: Where it comes from, for messages.

        Raises:
            BundleError: It is no JSON, misses a key, has an unknown one, or is of another schema.
            DigestError: It was changed since it was written.
        """
        try:
            data = json.loads(text, parse_constant=_refuse_constant)
            if not isinstance(data, dict):
                raise BundleError(f"{source} is not a model card; export the bundle again.")
            if data.get("schema") != SCHEMA:
                raise BundleError(
                    f"{source} has schema {shortened(data.get('schema'))}, this engine reads"
                    f" {SCHEMA}; use a"
                    " matching engine version."
                )
            require_digest(data, source)
            del data[DIGEST]
            card: ModelCard = parse(cls, data, "it", "")
        except BundleError:
            raise
        except ConfigError as error:
            raise BundleError(
                f"{source} is not a model card: {error} Export the bundle again."
            ) from error
        except RecursionError as error:
            raise BundleError(
                f"{source} is nested too deeply to be a model card; export the bundle again."
            ) from error
        except ValueError as error:  # no JSON, NaN, or a number of thousands of digits
            raise BundleError(
                f"{source} is not a model card ({shortened(error)}); export the bundle again."
            ) from error
        return card


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")


def common_threshold(cards: Sequence[ModelCard]) -> float:
    """The threshold of one or several models together.

    That which was chosen on the ensemble, where these are its members; otherwise the weighted mean
    of the models' own.
    """
    names = sorted(card.name for card in cards)
    entries = {card.ensemble for card in cards}
    entry = entries.pop() if len(entries) == 1 else None
    if entry is not None and len(cards) > 1 and sorted(entry.members) == names:
        return entry.threshold
    weight = sum(card.weight for card in cards)
    return sum(card.threshold * card.weight for card in cards) / weight
