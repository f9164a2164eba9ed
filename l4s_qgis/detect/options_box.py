"""The dialog's last parts: output folder, models, advanced options."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsRasterLayer, QgsSettings
from qgis.gui import QgsCheckableComboBox, QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import QStandardPaths, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QSpinBox,
)

from ..i18n import mark, number, tr
from ..processing.detect import CLOUDS
from ..settings import values
from ..worker import environment
from . import assignment
from .checks import VIEWS
from .layer_or_files import LayerOrFiles

FOLDER = "l4s/folder"
_TITLES = (mark("Light network for fresh landslides in vegetated mountains"),)
MIN_AREA_M2 = 400  # the engine's own; a test compares the two


class ResultBox(QGroupBox):
    """Folder and models."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(tr("Result"))
        form = QFormLayout(self)
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.fileChanged.connect(self.changed)
        form.addRow(tr("&Folder"), self.folder)
        self.models = QgsCheckableComboBox()
        _keep_narrow(self.models)
        for name, title in bundled_models():
            self.models.addItemWithCheckState(title, Qt.CheckState.Unchecked, name)
        if self.models.count():
            preferred = max(0, self.models.findData(values.model()))
            self.models.setItemCheckState(preferred, Qt.CheckState.Checked)
        self.models.setDefaultText(tr("The bundled model"))
        self.models.setToolTip(
            tr("Several models are averaged, and their disagreement becomes the uncertainty")
        )
        form.addRow(tr("&Models"), self.models)
        self.propose_folder()

    def propose_folder(self) -> None:
        """Fill in a folder that does not exist yet."""
        self.folder.setFilePath(str(default_folder()))

    def remember_folder(self) -> None:
        """Propose a neighbour of the folder chosen the next time."""
        QgsSettings().setValue(FOLDER, str(Path(self.folder.filePath()).parent))

    def chosen_models(self) -> str:
        """Names of the models that are checked, separated by ``;``."""
        return ";".join(self.models.checkedItemsData())


class AdvancedBox(QgsCollapsibleGroupBox):
    """Options that only some people want to change."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(tr("Advanced"))
        form = QFormLayout(self)
        self.before = LayerOrFiles(
            tr("Image before"),
            "*.zip *.tif *.tiff *.vrt *.jp2 MTD_MSIL1C.xml MTD_MSIL2A.xml manifest.safe",
            assignment.may_be_image,
            folders=True,
        )
        self.before.setToolTip(
            tr(
                "A Sentinel-2 product or image from before the event: adds the change of vegetation and brightness to each landslide"
            )
        )
        form.addRow(tr("Image &before"), self.before)
        self.clouds = QComboBox()
        _keep_narrow(self.clouds)
        for text in (
            tr("The product's own"),
            tr("Bright ground that is not red (cloud, haze, snow)"),
            tr("Computed from Level-1C (s2cloudless; needs an extra package)"),
            tr("None"),
        ):
            self.clouds.addItem(text)
        self.clouds.setToolTip(
            tr(
                "What is masked is not searched. Images of a few bands have no mask of their own, and snow and clouds on slopes look like scars in "
                "them"
            )
        )
        form.addRow(tr("&Clouds"), self.clouds)
        self.model_folder = QgsFileWidget()
        self.model_folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.model_folder.setToolTip(
            tr("The folder of a model that was trained or received; used instead of the above")
        )
        form.addRow(tr("O&wn model"), self.model_folder)
        self.threshold = QDoubleSpinBox(decimals=2, minimum=0.0, maximum=0.99, singleStep=0.05)
        self.threshold.setSpecialValueText(tr("the model's"))
        self.threshold.setToolTip(
            tr(
                "Probability from which a pixel is landslide; it can be changed at once later, in the review"
            )
        )
        form.addRow(tr("&Threshold"), self.threshold)
        self.min_area = QSpinBox(
            minimum=-100, maximum=1000000, singleStep=100, value=-100, suffix=" m²"
        )
        self.min_area.setSpecialValueText(
            tr("the default: {value} m²").format(value=number(MIN_AREA_M2, 0))
        )
        self.min_area.setToolTip(tr("Landslides below this area are left out"))
        form.addRow(tr("Minimum mapping &unit"), self.min_area)
        self.outline = QComboBox()
        for text in (tr("smooth"), tr("straight sides"), tr("exact pixels")):
            self.outline.addItem(text)
        self.outline.setToolTip(
            tr(
                "Smooth outlines round the steps of pixels; all areas together change by less than one per cent"
            )
        )
        form.addRow(tr("&Outlines"), self.outline)
        self.views = QComboBox()
        for text in (
            tr("one"),
            tr("four: more even, 4 × slower"),
            tr("eight: most even, 8 × slower"),
        ):
            self.views.addItem(text)
        self.views.setToolTip(
            tr("The image is also looked at mirrored and turned, and the results are averaged")
        )
        form.addRow(tr("&Views"), self.views)
        self.crf = QCheckBox(tr("Sharpen outlines (CRF)"))
        self.crf.setToolTip(tr("Pulls outlines to edges of the image; needs an extra package"))
        form.addRow("", self.crf)
        self.device = QComboBox()
        for text, value in (
            (tr("Automatic"), "auto"),
            (tr("Processor (CPU)"), "cpu"),
            (tr("NVIDIA GPU (CUDA)"), "cuda"),
        ):
            self.device.addItem(text, value)
        self.device.setCurrentIndex(self.device.findData(values.device()))
        form.addRow(tr("&Device"), self.device)
        self.setCollapsed(True)
        for box in (self.views, self.clouds):
            box.currentIndexChanged.connect(self.changed)
        self.model_folder.fileChanged.connect(self.changed)
        self.before.changed.connect(self.changed)

    def cloud_mask(self) -> str:
        """Where the cloud mask comes from."""
        return CLOUDS[self.clouds.currentIndex()]

    def image_before(self) -> QgsRasterLayer | str:
        """Layer or path of the image from before the event, or nothing."""
        chosen = self.before.chosen()
        return chosen[0] if chosen else ""

    def show_defaults(self, threshold: float | None) -> None:
        """Say which values are taken where none is chosen.

        Args:
            threshold: The chosen models' own threshold; None where it is unknown.
        """
        text = tr("the model's")
        if threshold is not None:
            text = tr("the model's: {value}").format(value=number(threshold, 3))
        self.threshold.setSpecialValueText(text)

    def view_count(self) -> int:
        """How many views are averaged."""
        return VIEWS[self.views.currentIndex()]

    def parameters(self) -> dict[str, Any]:
        """Its share of the parameters of ``l4s:detect``.

        What is left at the model's own value is left out.
        """
        parameters: dict[str, Any] = {
            "CLOUDS": self.clouds.currentIndex(),
            "TTA": self.views.currentIndex(),
            "CRF": self.crf.isChecked(),
            "DEVICE": self.device.currentData(),
            "OUTLINE": self.outline.currentIndex(),
        }
        before = self.image_before()
        if before:
            parameters["BEFORE"] = before if isinstance(before, str) else before.id()
        if self.threshold.value() > 0:
            parameters["THRESHOLD"] = self.threshold.value()
        if self.min_area.value() >= 0:
            parameters["MIN_AREA"] = self.min_area.value()
        return parameters


def _keep_narrow(box: QComboBox) -> None:
    """Let no long choice make a box wider than the dialog."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(20)


def default_folder() -> Path:
    """A folder that does not exist yet.

    It lies beside the project, where the last results went, or in the documents.
    """
    home = QgsProject.instance().homePath() or QgsSettings().value(FOLDER, "", type=str)
    home = home or QStandardPaths.writableLocation(
        QStandardPaths.StandardLocation.DocumentsLocation
    )
    return Path(home) / f"landslides_{time.strftime('%Y-%m-%d_%H%M%S')}"


def bundled_models() -> list[tuple[str, str]]:
    """Names and titles of the models that come with the plugin."""
    return [
        (str(card["name"]), f"{card['name']} – {tr(str(card['title']))}")
        for card in _cards(environment.source() / "resources" / "models")
    ]


def threshold_of(names: str, folder: str = "") -> float | None:
    """The threshold of a model's card; None for several models or where it is unknown.

    Args:
        names: Names of bundled models, separated by ``;``.
        folder: Folder of a model of the person's own, which goes before them.
    """
    if folder:
        cards = _cards(Path(folder).parent, Path(folder).name)
    else:
        cards = _cards(environment.source() / "resources" / "models", names or "*")
    value = cards[0].get("threshold") if len(cards) == 1 else None
    return float(value) if isinstance(value, (int, float)) else None


def _cards(folder: Path, name: str = "*") -> list[dict[str, Any]]:
    """The cards of models; a damaged one is left out, and the engine says what is wrong with it."""
    found = []
    for path in sorted(folder.glob(f"{name}/card.json")):
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            found.append({**card, "name": card["name"], "title": card["title"]})
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
