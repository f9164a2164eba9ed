"""The paper's tables, run whole at tiny size: which rows there are, what each row trains, and what
the table says."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from test_run import toml
from training_cases import TINY

from engine.cli import main
from engine.models.bundle import ModelBundle
from engine.training.experiments.tables import TABLES

COMMON = ["--set", "schedule.steps=2", "--set", "data.validation=site"]
ROWS = {
    "bands": (
        "RGB",
        "SWIR",
        "NGB",
        "PCA",
        "RGB + NIR",
        "RGB + SWIR",
        "RGB + NIR + SWIR",
        "All bands",
    ),
    "losses": (
        "Normal training",
        "Weighted cross-entropy",
        "Focal loss",
        "Lovász loss",
        "Balanced training",
    ),
    "lambda": ("before self-training", "λ = 50%", "λ = 70%", "λ = 90%", "λ = 100%"),
    "test": ("Balanced training (two-stage)", "Self-training (λ = 100%)"),
    "modules": ("baseline", "+ SN", "+ SLO", "+ S×2", "+ S×4", "+ R1", "+ R2", "+ R3"),
}


@pytest.fixture
def run(packed, tmp_path, capfd):
    """Run a table; gives the cards of the first fold by row, and the lines of ``table.md``."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml(TINY))

    def table(name, *more, seeds=1):
        out = tmp_path / name
        words = [
            "--table",
            name,
            "--recipe",
            str(recipe),
            "--data",
            str(packed),
            "--out",
            str(out),
            *COMMON,
            *more,
        ]
        assert main(["ablate", *words, "--seeds", str(seeds)]) == 0
        lines = (out / "table.md").read_text().splitlines()
        assert capfd.readouterr().out.splitlines() == lines
        cards = {}
        for number, variant in enumerate(TABLES[name], start=1):
            folder = out / f"{number:02d}-seed-0" / "site-1"
            models = json.loads((folder / "histogram.json").read_text())["models"]
            cards[variant.label] = ModelBundle.open(out / models[0]).card
        with (out / "table.csv").open(encoding="utf-8") as file:
            values = list(csv.DictReader(file))
        assert len(values) == seeds * len(ROWS[name])
        return cards, lines, values

    return table


def test_the_rows_are_the_paper_s():
    assert {name: tuple(v.label for v in variants) for name, variants in TABLES.items()} == ROWS


@pytest.mark.slow
def test_bands_trains_each_row_on_its_channels(run):
    cards, lines, _ = run("bands")
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {label}" for label in ROWS["bands"]]
    rgb, swir = ("B04", "B03", "B02"), ("B10", "B11", "B12")
    assert cards["RGB"].channels == cards["PCA"].channels == rgb
    assert cards["SWIR"].channels == swir
    assert cards["NGB"].channels == ("B08", "B03", "B02")
    assert cards["RGB + NIR"].channels == (*rgb, "B08")
    assert cards["RGB + NIR + SWIR"].channels == (*rgb, "B08", *swir)
    assert len(cards["All bands"].channels) == 14


@pytest.mark.slow
def test_losses_trains_each_row_by_its_loss_and_gives_mean_and_spread_over_seeds(run):
    cards, lines, values = run("losses", seeds=2)
    terms = {label: set(card.training["recipe"]["loss"]["terms"]) for label, card in cards.items()}
    assert terms == {
        "Normal training": {"cross_entropy"},
        "Weighted cross-entropy": {"weighted_cross_entropy"},
        "Focal loss": {"focal"},
        "Lovász loss": {"cross_entropy", "lovasz"},
        "Balanced training": {"weighted_cross_entropy", "lovasz"},
    }
    stages = {label: card.training["recipe"]["second_stage"] for label, card in cards.items()}
    assert [label for label, stage in stages.items() if stage is not None] == ["Balanced training"]
    for label, line in zip(ROWS["losses"], lines[2:], strict=True):
        f1 = 100 * np.array([float(row["f1"]) for row in values if row["variant"] == label])
        mean, spread = map(float, line.rstrip(" |").rsplit(" | ", 1)[1].split(" ± "))
        assert (mean, spread) == (
            pytest.approx(f1.mean(), abs=0.06),
            pytest.approx(f1.std(ddof=1), abs=0.06),
        )
    assert {row["seed"] for row in values} == {"0", "1"}


@pytest.mark.slow
def test_lambda_adapts_each_row_to_its_share(run, tmp_path):
    cards, _, _ = run("lambda")
    assert "adapted_to" not in cards["before self-training"].training
    for share in (0.5, 0.7, 0.9, 1.0):
        card = cards[f"λ = {share:.0%}"]
        assert card.training["recipe"]["adaptation"]["top"] == share
        assert card.training["protocol"] == "transductive"
    ignored = [
        float(
            (
                np.load(
                    tmp_path
                    / "lambda"
                    / f"{n:02d}-seed-0"
                    / "site-1/adapt/round-1/pseudo-labels.npy"
                )
                == 255
            ).mean()
        )
        for n in (2, 3, 4, 5)
    ]
    assert ignored == pytest.approx([0.5, 0.3, 0.1, 0.0], abs=1e-3)


@pytest.mark.slow
def test_modules_adds_one_after_the_other(run, tmp_path):
    cards, _, _ = run("modules")
    assert [card.input_scale for card in cards.values()] == [1, 1, 1, 2, 4, 4, 4, 4]
    modes = [set(card.normalization.modes) for card in cards.values()]
    assert modes == [{"fixed"}, *[{"scene"}] * 7]
    terms = [set(card.training["recipe"]["loss"]["terms"]) for card in cards.values()]
    assert terms == [{"cross_entropy"}] * 2 + [{"ohem", "lovasz"}] * 6
    for number, rounds in ((6, 1), (7, 2), (8, 3)):
        folder = tmp_path / "modules" / f"{number:02d}-seed-0" / "site-1" / "adapt"
        assert len(list(folder.glob("round-*"))) == rounds
