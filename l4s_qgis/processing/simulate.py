"""Make a simulated scene to try everything with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputFolder,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
)

from ..i18n import tr
from .base import EngineAlgorithm


class Simulate(EngineAlgorithm):
    """``l4s simulate``."""

    NAME, GROUP = "simulate", "detection"

    def title(self) -> str:
        return tr("Simulated scene")

    def help(self) -> str:
        return tr(
            "Writes a simulated Sentinel-2 image with landslides, its elevation model and the true outlines, to try a detection and its review without any download."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        whole = QgsProcessingParameterNumber.Type.Integer
        self.addParameter(
            QgsProcessingParameterNumber(
                "SIZE", tr("Width and height in pixels of 10 m"), whole, 600, False, 100, 5000
            )
        )
        self.addParameter(
            QgsProcessingParameterNumber("SEED", tr("Number of the landscape"), whole, 4, False, 0)
        )
        self.addParameter(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the scene"))
        )
        self.addOutput(QgsProcessingOutputFolder("PRODUCT", tr("Image")))
        self.addOutput(QgsProcessingOutputRasterLayer("DEM", tr("Elevation")))
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of landslides")))

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        size = self.parameterAsInt(parameters, "SIZE", context)
        seed = self.parameterAsInt(parameters, "SEED", context)
        out = self.folder_of(parameters, "OUTPUT", context)
        return ["simulate", "--size", str(size), "--seed", str(seed), "--out", out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {
            "OUTPUT": str(Path(result["dem"][0]).parent),
            "PRODUCT": result["sentinel2"][0],
            "DEM": result["dem"][0],
            "COUNT": int(result["landslides"]),
        }
