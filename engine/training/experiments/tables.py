"""The paper's tables: what each row trains, stated in full.

A row replaces whole tables of the recipe that it varies (loss, second stage, adaptation …), so that
it means the same whatever recipe is given: nothing of the recipe's own loss or of its stages stays
in a row that the paper describes without it. What a row does not name, the network above all, is
the recipe's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.bands import NAMES
from engine.errors import ConfigError
from engine.settings import read_toml, shortened
from engine.training.experiments.components import SLOTS
from engine.training.recipe import Recipe

PAGE = "docs/guides/training.md"


@dataclass(frozen=True)
class Variant:
    """A row of a table.

    Attributes:
        label: Its name.
        overrides: Of the recipe.
        adapted: Whether it is adapted to the held-out images, or to the target where one is given.
        recipe: Another recipe than that of the table; the overrides common to all rows are not
            applied to it.
        components: Whether principal components of all channels take the place of red, green and
            blue.
        member: The one network of the recipe's that is scored; all of them together where None.
    """

    label: str
    overrides: tuple[str, ...]
    adapted: bool = False
    recipe: str | None = None
    components: bool = False
    member: str | None = None


def _bands(*names: str) -> str:
    return f"data.channels={json.dumps(names)}"


def _loss(terms: str, more: str = "") -> str:
    return f"loss={{ terms = {{ {terms} }}{', ' if more else ''}{more} }}"


_ONE_STAGE = ("network.image_level=false", "second_stage=")
"""One stage without an image-level loss."""

_NORMAL = (*_ONE_STAGE, _loss("cross_entropy = 1.0"))
"""Section V-B: one-stage training by cross-entropy."""

_BALANCED = (
    "network.image_level=true",
    _loss("weighted_cross_entropy = 1.0, lovasz = 1.0", "image_level = 1.0"),
    "second_stage={ freeze_encoder = true, epochs = 10.0, lr = 1e-4,"
    " loss = { terms = { cross_entropy = 1.0 }, image_level = 1.0 } }",
)
"""Eq. 1 in the first stage, Eq. 4 with the encoder fixed in the second."""


def _self_training(share: float) -> tuple[str, ...]:
    """Balanced training, then fine-tuning on the surest pseudo-labels.

    Section V-A3.
    """
    adaptation = (
        f'adaptation={{ selection = "top", top = {share}, rounds = 1, share = 0.5,'
        ' start = "teacher", epochs = 10.0, lr_factor = 0.3 }'
    )
    return (*_BALANCED, adaptation)


def _normalised(mode: str) -> tuple[str, ...]:
    return tuple(f'normalization.{kind}="{mode}"' for kind in ("optical", "slope", "dem"))


_SEPARATE = _normalised("scene")
_SLO = _loss(
    "ohem = 1.0, lovasz = 1.0", "smoothing = 0.1, ohem_threshold = 0.7, ohem_share = 0.0625"
)
_MODULES = (*_ONE_STAGE, *_SEPARATE, _SLO)


def _refined(rounds: int) -> tuple[str, ...]:
    """All modules, and rounds of Section IV-B3."""
    adaptation = (
        f'adaptation={{ selection = "threshold", threshold = 0.7, rounds = {rounds}, share = 0.5,'
        ' refresh = true, start = "scratch", cross_sensor = true, separate_statistics = true }'
    )
    return (*_MODULES, "data.enlarge=4", adaptation)


_RGB, _NIR, _SWIR = ("B04", "B03", "B02"), ("B08",), ("B10", "B11", "B12")

TABLES: dict[str, tuple[Variant, ...]] = {
    # Table III
    "bands": (
        Variant("RGB", (*_NORMAL, _bands(*_RGB))),
        Variant("SWIR", (*_NORMAL, _bands(*_SWIR))),
        Variant("NGB", (*_NORMAL, _bands("B08", "B03", "B02"))),
        Variant(
            "PCA", (*_NORMAL, _bands(*SLOTS), 'normalization.statistics="data"'), components=True
        ),  # components have no published statistics
        Variant("RGB + NIR", (*_NORMAL, _bands(*_RGB, *_NIR))),
        Variant("RGB + SWIR", (*_NORMAL, _bands(*_RGB, *_SWIR))),
        Variant("RGB + NIR + SWIR", (*_NORMAL, _bands(*_RGB, *_NIR, *_SWIR))),
        Variant("All bands", (*_NORMAL, _bands(*NAMES))),
    ),
    # Table IV
    "losses": (
        Variant("Normal training", _NORMAL),
        Variant("Weighted cross-entropy", (*_ONE_STAGE, _loss("weighted_cross_entropy = 1.0"))),
        Variant("Focal loss", (*_ONE_STAGE, _loss("focal = 1.0"))),
        Variant("Lovász loss", (*_ONE_STAGE, _loss("cross_entropy = 1.0, lovasz = 1.0"))),
        Variant("Balanced training", _BALANCED),
    ),
    # Table V
    "lambda": (
        Variant("before self-training", _BALANCED),
        *(
            Variant(f"λ = {share:.0%}", _self_training(share), adapted=True)
            for share in (0.5, 0.7, 0.9, 1.0)
        ),
    ),
    # Table VI
    "test": (
        Variant("Balanced training (two-stage)", _BALANCED),
        Variant("Self-training (λ = 100%)", _self_training(1.0), adapted=True),
    ),
    # Fig. 6
    "modules": (
        Variant("baseline", (*_NORMAL, *_normalised("fixed"), "data.enlarge=1")),
        Variant("+ SN", (*_NORMAL, *_SEPARATE, "data.enlarge=1")),
        Variant("+ SLO", (*_MODULES, "data.enlarge=1")),
        Variant("+ S×2", (*_MODULES, "data.enlarge=2")),
        Variant("+ S×4", (*_MODULES, "data.enlarge=4")),
        *(Variant(f"+ R{n}", _refined(n), adapted=True) for n in (1, 2, 3)),
    ),
}

ENSEMBLE = "ensemble"
"""Name of the table that scores each network of a recipe alone and all together."""


def ensemble_table(recipe: Recipe) -> tuple[Variant, ...]:
    """Rows that score each network of a recipe, and the mean of all.

    Raises:
        ConfigError: The recipe has one network only.
    """
    if len(recipe.networks()) == 1:
        raise ConfigError(
            f"The recipe {recipe.name} trains one network; the table {ENSEMBLE} compares several."
        )
    rows = [Variant(name, (), member=name) for name in recipe.networks()]
    return (*rows, Variant("all together", ()))


def read_table(table: str, recipe: Recipe) -> tuple[tuple[Variant, ...], list[list[str]]]:
    """The rows of a table, and the held-out ids of each fold, if named.

    Args:
        table: A key of :data:`TABLES`, ``ensemble``, or a TOML file.
        recipe: The recipe that the rows vary.

    Raises:
        ConfigError: There is no such table, or it makes no sense.
    """
    if table in TABLES:
        return TABLES[table], []
    if table == ENSEMBLE:
        return ensemble_table(recipe), []
    path = Path(table)
    if path.suffix != ".toml" or not path.is_file():
        raise ConfigError(
            f"There is no table {shortened(table)!r}; choose one of {', '.join(TABLES)},"
            f" {ENSEMBLE}, or give a TOML file of variants."
        )
    content: Mapping[str, Any] = read_toml(path)
    try:
        folds = [[str(name) for name in group] for group in content.get("folds", [])]
        variants = tuple(
            Variant(
                str(e["label"]),
                tuple(map(str, e.get("set", ()))),
                bool(e.get("adapted", False)),
                e.get("recipe"),
                member=e.get("member"),
            )
            for e in content.get("variant", [])
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} needs [[variant]] entries with a label and a list set, and folds, if any, as"
            f" lists of patch ids, as in {PAGE}."
        ) from error
    if not variants:
        raise ConfigError(f"{path} has no rows; write [[variant]] entries as in {PAGE}.")
    return variants, folds
