"""Make a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterEnum,
    QgsProcessingParameterRasterDestination,
)

from ..i18n import tr
from .detect import SceneAlgorithm

KERNELS = ("nearest", "bilinear", "cubic")


class Stack(SceneAlgorithm):
    """``l4s stack``."""

    NAME = "stack"

    def title(self) -> str:
        return tr("Stack image and elevation")

    def help(self) -> str:
        return tr(
            "Brings the bands of a Sentinel-2 image or product, elevation and slope onto one 10 m grid, as digital numbers, metres and "
            "degrees, with a cloud mask. Useful where several detections are tried on one scene."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scene_parameters()
        self.addParameter(
            QgsProcessingParameterEnum(
                "RESAMPLING", tr("Kernel for bands of 20 m and 60 m"), list(KERNELS), defaultValue=0
            )
        )
        self.addParameter(self.clouds_parameter())
        self.addParameter(QgsProcessingParameterRasterDestination("OUTPUT", tr("Stack")))

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        scene, _ = self.scene_arguments(parameters, context, folder)
        scene[0] = "--sentinel2"
        out = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        kernel = KERNELS[self.parameterAsEnum(parameters, "RESAMPLING", context)]
        clouds = self.cloud_arguments(parameters, context, is_stack=False)
        return ["stack", *scene, *clouds, "--resampling", kernel, "--out", out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": result["stack"]}
