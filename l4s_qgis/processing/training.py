"""Train and adapt models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ..i18n import tr
from . import inputs
from .base import EngineAlgorithm

FOLDER = QgsProcessingParameterFile.Behavior.Folder


def _settings(text: str) -> list[str]:
    """Words of the command line for settings of a recipe, separated by ``;``."""
    return [
        word
        for setting in text.split(";")
        if setting.strip()
        for word in ("--set", setting.strip())
    ]


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
        self.addParameter(
            QgsProcessingParameterString("RECIPE", tr("Recipe: a name or a TOML file"), "light")
        )
        self.addParameter(
            QgsProcessingParameterString(
                "SETTINGS",
                tr("Settings, such as optimizer.lr=0.001, separated by “;”"),
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterBoolean("RESUME", tr("Go on with an interrupted run"), False)
        )
        self.addParameter(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the run"))
        )

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        self._out = self.folder_of(parameters, "OUTPUT", context)
        arguments = [
            "train",
            "--recipe",
            self.text_of(parameters, "RECIPE", context),
            "--data",
            self.text_of(parameters, "DATA", context),
        ]
        arguments += ["--out", self._out]
        arguments += _settings(self.text_of(parameters, "SETTINGS", context))
        return (
            [*arguments, "--resume"]
            if self.parameterAsBoolean(parameters, "RESUME", context)
            else arguments
        )

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
            QgsProcessingParameterString(
                "MODEL", tr("Models: names or folders, separated by “;”"), "light"
            )
        )
        self.addParameter(QgsProcessingParameterFile("DATA", tr("Labelled patches"), FOLDER))
        self.addParameter(QgsProcessingParameterFile("TARGET", tr("Unlabelled patches"), FOLDER))
        self.addParameter(
            QgsProcessingParameterString("RECIPE", tr("Recipe: a name or a TOML file"), "light")
        )
        self.addParameter(
            QgsProcessingParameterString(
                "SETTINGS",
                tr("Settings, such as optimizer.lr=0.001, separated by “;”"),
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the run"))
        )

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        self._out = self.folder_of(parameters, "OUTPUT", context)
        models = [
            word.strip()
            for word in self.text_of(parameters, "MODEL", context).split(";")
            if word.strip()
        ]
        arguments = ["adapt", *(word for model in models for word in ("--model", model))]
        for name, option in (("DATA", "--data"), ("TARGET", "--target"), ("RECIPE", "--recipe")):
            arguments += [option, self.text_of(parameters, name, context)]
        arguments += _settings(self.text_of(parameters, "SETTINGS", context))
        return [*arguments, "--out", self._out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": self._out}


class Patches(EngineAlgorithm):
    """``l4s data make``: the way from corrected polygons back into training."""

    NAME, GROUP = "patches", "training"

    def title(self) -> str:
        return tr("Patches from a reviewed inventory")

    def help(self) -> str:
        return tr(
            "Cuts a stack and its accepted and edited landslides into labelled patches for “Train a model”. Rejected landslides become "
            "background, which is how corrections teach; landslides that are still pending would too, so review the whole area first."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                "INVENTORY", tr("Inventory"), [QgsProcessing.SourceType.TypeVectorPolygon]
            )
        )
        self.addParameter(QgsProcessingParameterRasterLayer("STACK", tr("Stack")))
        self.addParameter(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for labelled patches"))
        )

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        inventory = self.parameterAsSource(parameters, "INVENTORY", context)
        if inventory.fields().indexOf("status") < 0:
            raise QgsProcessingException(
                tr("The layer is no landslide inventory: it has no column “status”.")
            )
        confirmed = [
            feature.geometry()
            for feature in inventory.getFeatures()
            if feature["status"] in ("accepted", "edited")
        ]
        if not confirmed:
            raise QgsProcessingException(
                tr("No landslide is accepted or edited yet; review some first.")
            )
        polygons = inputs.write_area(confirmed, inventory.sourceCrs(), folder)
        stack = inputs.raster_source(self.parameterAsRasterLayer(parameters, "STACK", context))
        self._out = self.folder_of(parameters, "OUTPUT", context)
        return ["data", "make", "--stack", stack, "--inventory", polygons, "--out", self._out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": self._out}
