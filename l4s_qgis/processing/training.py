"""Train and adapt models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from ..i18n import tr
from .base import EngineAlgorithm

FOLDER = QgsProcessingParameterFile.Behavior.Folder


class Train(EngineAlgorithm):
    """``l4s train``."""

    NAME, GROUP = "train", "training"

    def title(self) -> str:
        return tr("Train a model")

    def help(self) -> str:
        return tr(
            "Trains a model on labelled patches by a recipe, and writes a bundle that “Detect landslides” takes. Needs the full installation, "
            "and a GPU for more than a few patches."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(QgsProcessingParameterFile("DATA", tr("Labelled patches"), FOLDER))
        self.addParameter(QgsProcessingParameterString("RECIPE", tr("Recipe: a name or a TOML file"), "light"))
        self.addParameter(
            QgsProcessingParameterString(
                "SETTINGS", tr("Settings, such as optimizer.lr=0.001, separated by “;”"), optional=True
            )
        )
        self.addParameter(QgsProcessingParameterBoolean("RESUME", tr("Go on with an interrupted run"), False))
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the run")))

    def words(self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path) -> list[str]:
        self._out = self.parameterAsString(parameters, "OUTPUT", context)
        words = [
            "train",
            "--recipe",
            self.text_of(parameters, "RECIPE", context),
            "--data",
            self.text_of(parameters, "DATA", context),
        ]
        words += ["--out", self._out]
        for setting in self.text_of(parameters, "SETTINGS", context).split(";"):
            if setting.strip():
                words += ["--set", setting.strip()]
        return [*words, "--resume"] if self.parameterAsBoolean(parameters, "RESUME", context) else words

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": self._out}


class Adapt(EngineAlgorithm):
    """``l4s adapt``."""

    NAME, GROUP = "adapt", "training"

    def title(self) -> str:
        return tr("Adapt a model to a scene")

    def help(self) -> str:
        return tr(
            "Trains models further with labelled patches and their own careful guesses on unlabelled ones. Needs the full installation."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(
            QgsProcessingParameterString("MODEL", tr("Models: names or folders, separated by “;”"), "light")
        )
        self.addParameter(QgsProcessingParameterFile("DATA", tr("Labelled patches"), FOLDER))
        self.addParameter(QgsProcessingParameterFile("TARGET", tr("Unlabelled patches"), FOLDER))
        self.addParameter(QgsProcessingParameterString("RECIPE", tr("Recipe: a name or a TOML file"), "light"))
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the run")))

    def words(self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path) -> list[str]:
        self._out = self.parameterAsString(parameters, "OUTPUT", context)
        models = [word.strip() for word in self.text_of(parameters, "MODEL", context).split(";") if word.strip()]
        words = ["adapt", "--model", *models]
        for name, option in (("DATA", "--data"), ("TARGET", "--target"), ("RECIPE", "--recipe")):
            words += [option, self.text_of(parameters, name, context)]
        return [*words, "--out", self._out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": self._out}
