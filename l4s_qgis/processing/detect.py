"""Detect landslides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from .. import channels
from ..i18n import tr
from . import inputs
from .base import EngineAlgorithm

OPTIONAL = QgsProcessingParameterDefinition.Flag.FlagOptional
ADVANCED = QgsProcessingParameterDefinition.Flag.FlagAdvanced
VIEWS = ("none", "flip", "d4")
OUTLINES = ("smooth", "simplified", "exact")
CLOUDS = ("auto", "bright", "s2cloudless", "off")


class SceneAlgorithm(EngineAlgorithm):
    """An algorithm that reads a scene: image, elevation, area."""

    GROUP = "detection"

    def add_scene_parameters(self) -> None:
        """Declare image, product, elevation and area."""
        # The product is text, because Processing's parameter for files refuses folders, and a SAFE
        # product is one.
        self.addParameter(
            QgsProcessingParameterRasterLayer(
                "IMAGE", tr("Image after the event (layer)"), optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                "IMAGES",
                tr("Or several layers, one for each band"),
                QgsProcessing.SourceType.TypeRaster,
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterString(
                "CHANNELS",
                tr("Channels of all bands, such as B02,B03,B04,- (empty: by description)"),
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterString(
                "PRODUCT",
                tr("Or a Sentinel-2 product (SAFE folder, its MTD_…xml, or zip)"),
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                "DEM", tr("Elevation"), QgsProcessing.SourceType.TypeRaster, optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                "AREA",
                tr("Area (polygons)"),
                [QgsProcessing.SourceType.TypeVectorPolygon],
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterExtent("EXTENT", tr("Or area (extent)"), optional=True)
        )

    def clouds_parameter(self) -> QgsProcessingParameterEnum:
        """Where the cloud mask comes from."""
        choices = [
            tr("the product's own"),
            tr("bright ground that is not red: cloud, haze and snow"),
            tr("computed from Level-1C bands (s2cloudless)"),
            tr("none"),
        ]
        return QgsProcessingParameterEnum("CLOUDS", tr("Cloud mask"), choices, defaultValue=0)

    def cloud_arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, is_stack: bool
    ) -> list[str]:
        """The arguments for the cloud mask."""
        chosen = CLOUDS[self.parameterAsEnum(parameters, "CLOUDS", context)]
        if chosen == "auto":
            return []
        if is_stack:
            raise QgsProcessingException(
                tr(
                    "The image is a stack already, with or without a cloud mask; choose the cloud mask where the stack is made."
                )
            )
        return ["--quality", chosen]

    def scene_arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> tuple[list[str], bool]:
        """The arguments that name the scene.

        The second value says whether the image brings terrain and so is a stack already.
        """
        product = self.text_of(parameters, "PRODUCT", context)
        layer = self.parameterAsRasterLayer(parameters, "IMAGE", context)
        several = self.parameterAsLayerList(parameters, "IMAGES", context) or []
        layers = [*([layer] if layer is not None else []), *several]
        if bool(product) + (layer is not None) + bool(several) != 1:
            raise QgsProcessingException(tr("Give either an image layer or a Sentinel-2 product."))
        is_stack = False
        sources = [inputs.product_path(product)] if product else []
        if layers:
            text = self.text_of(parameters, "CHANNELS", context)
            sources, is_stack = self._images(layers, text, folder)
        arguments = ["--stack" if is_stack else "--sentinel2", *sources]
        dems = [
            inputs.raster_source(dem)
            for dem in self.parameterAsLayerList(parameters, "DEM", context) or []
        ]
        if dems and not is_stack:
            arguments += ["--dem", *dems]
        return arguments + self._area(parameters, context, folder), is_stack

    def _images(self, layers: list[Any], text: str, folder: Path) -> tuple[list[str], bool]:
        sources = []
        for layer in layers:
            sources.append(inputs.raster_source(layer))
            problem = inputs.image_problem(sources[-1], layer.name())
            if problem:
                raise QgsProcessingException(problem)
        labels = [inputs.band_labels(source) for source in sources]
        try:
            names = (
                channels.parse(text, sum(map(len, labels)))
                if text
                else [
                    name
                    for layer, found in zip(layers, labels)
                    for name in channels.assign(found, layer.name())
                ]
            )
        except ValueError as error:
            raise QgsProcessingException(
                tr("The channels cannot be used: {reason}.").format(reason=error)
            ) from error
        is_stack = any(name in channels.TERRAIN for name in names)
        if is_stack and len(layers) > 1:
            raise QgsProcessingException(
                tr(
                    "Elevation or slope is among the image's layers; choose it under “Elevation” instead."
                )
            )
        given = inputs.split_names(names, [len(found) for found in labels])
        return inputs.named_images(sources, given, folder), is_stack

    def _area(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        area = self.parameterAsSource(parameters, "AREA", context)
        if area is not None:
            geometries = [feature.geometry() for feature in area.getFeatures()]
            return ["--aoi", inputs.write_area(geometries, area.sourceCrs(), folder)]
        if parameters.get("EXTENT"):
            extent = self.parameterAsExtent(parameters, "EXTENT", context)
            crs = self.parameterAsExtentCrs(parameters, "EXTENT", context)
            if not extent.isEmpty():
                return ["--aoi", inputs.write_area([inputs.extent_polygon(extent)], crs, folder)]
        return []


class Detect(SceneAlgorithm):
    """``l4s detect``."""

    NAME = "detect"

    def title(self) -> str:
        return tr("Detect landslides")

    def help(self) -> str:
        return tr(
            "Finds landslides in a Sentinel-2 image with the help of elevation, and writes the probability, the mask, polygons with attributes "
            "and a report into a folder. The image is a layer whose bands are Sentinel-2 channels, or a product as downloaded. "
            "Without elevation the result is less certain. The engine works in a process of its own."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scene_parameters()
        self.addParameter(
            QgsProcessingParameterString(
                "BEFORE", tr("Product or image before the event"), optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterString(
                "MODEL",
                tr("Models: names or folders, separated by “;” (empty: the bundled one)"),
                optional=True,
            )
        )
        number = QgsProcessingParameterNumber.Type.Double
        advanced = [
            self.clouds_parameter(),
            QgsProcessingParameterNumber(
                "THRESHOLD", tr("Threshold (empty: the model's)"), number, None, True, 0.01, 0.99
            ),
            QgsProcessingParameterNumber(
                "MIN_AREA", tr("Minimum mapping unit (m²)"), number, None, True, 0.0
            ),
            QgsProcessingParameterEnum(
                "TTA",
                tr("Views averaged"),
                [tr("one"), tr("four (slower)"), tr("eight (slowest)")],
                defaultValue=0,
            ),
            QgsProcessingParameterEnum(
                "OUTLINE",
                tr("Outlines"),
                [tr("smooth"), tr("straight sides"), tr("exact pixels")],
                defaultValue=0,
            ),
            QgsProcessingParameterBoolean(
                "CRF", tr("Sharpen outlines along edges of the image (CRF)"), False
            ),
            QgsProcessingParameterString(
                "DEVICE", tr("Device (auto, cpu, cuda)"), "auto", optional=True
            ),
        ]
        for parameter in advanced:
            parameter.setFlags(parameter.flags() | ADVANCED)
            self.addParameter(parameter)
        self.addParameter(
            QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the results"))
        )
        self.addOutput(QgsProcessingOutputVectorLayer("INVENTORY", tr("Landslides")))
        self.addOutput(QgsProcessingOutputRasterLayer("PROBABILITY", tr("Probability")))
        self.addOutput(QgsProcessingOutputRasterLayer("MASK", tr("Mask")))
        self.addOutput(QgsProcessingOutputFile("REPORT", tr("Report")))
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of landslides")))

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        scene, is_stack = self.scene_arguments(parameters, context, folder)
        arguments = ["detect", *scene, *self.cloud_arguments(parameters, context, is_stack)]
        before = self.text_of(parameters, "BEFORE", context)
        if before:
            arguments += ["--before", *_before(before, context, folder)]
        for model in self.text_of(parameters, "MODEL", context).split(";"):
            if model.strip():
                arguments += ["--model", model.strip()]
        for name, option in (("THRESHOLD", "--threshold"), ("MIN_AREA", "--min-area")):
            if parameters.get(name) is not None:
                arguments += [option, f"{self.parameterAsDouble(parameters, name, context):g}"]
        views = VIEWS[self.parameterAsEnum(parameters, "TTA", context)]
        if views != "none":
            arguments += ["--tta", views]
        outline = OUTLINES[self.parameterAsEnum(parameters, "OUTLINE", context)]
        arguments += ["--outline", outline]
        if self.parameterAsBoolean(parameters, "CRF", context):
            arguments.append("--crf")
        device = self.text_of(parameters, "DEVICE", context)
        if device and device != "auto":
            arguments += ["--device", device]
        # What the project shows below the outlines: nothing where the image is a layer already.
        self._searched = bool(self.text_of(parameters, "PRODUCT", context))
        self._before = before if before and Path(before).exists() else ""
        return [*arguments, "--out", self.folder_of(parameters, "OUTPUT", context)]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {
            "OUTPUT": result["out"],
            "INVENTORY": f"{result['inventory']}|layername=landslides",
            "PROBABILITY": result["probability"],
            "MASK": result["mask"],
            "REPORT": result["report"],
            "COUNT": int(result["landslides"]),
            "RESULT": {**result, "searched": self._searched, "before": self._before},
        }


def _before(text: str, context: QgsProcessingContext, folder: Path) -> list[str]:
    """The image from before the event: a layer of the project by its identifier, or a path."""
    project = context.project()
    layer = project.mapLayer(text) if project is not None else None
    if not isinstance(layer, QgsRasterLayer):
        return [inputs.product_path(text)]
    source = inputs.raster_source(layer)
    names = channels.assign(inputs.band_labels(source), layer.name())
    own = folder / "before"
    own.mkdir(parents=True, exist_ok=True)
    return [inputs.named_image(source, names, own)]
