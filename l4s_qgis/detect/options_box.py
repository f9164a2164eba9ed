"""The dialog's last parts: output folder, models, advanced options."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsSettings
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

from ..i18n import tr
from ..processing.detect import CLOUDS
from ..worker import environment
from .checks import VIEWS

FOLDER = "l4s/folder"


class ResultBox(QGroupBox):
    """Folder and models."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(tr("Result"))
        form = QFormLayout(self)
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.fileChanged.connect(lambda _: self.changed.emit())
        form.addRow(tr("&Folder"), self.folder)
        self.models = QgsCheckableComboBox()
        _keep_narrow(self.models)
        for name, title in bundled_models():
            self.models.addItemWithCheckState(title, Qt.CheckState.Unchecked, name)
        if self.models.count():
            self.models.setItemCheckState(0, Qt.CheckState.Checked)
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
        self.before = QgsFileWidget()
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
        form.addRow(tr("&Own model"), self.model_folder)
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
        self.min_area.setSpecialValueText(tr("the default"))
        self.min_area.setToolTip(tr("Landslides below this area are left out"))
        form.addRow(tr("Minimum mapping &unit"), self.min_area)
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
        form.addRow(tr("&Device"), self.device)
        self.setCollapsed(True)
        for box in (self.views, self.clouds):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        for widget in (self.before, self.model_folder):
            widget.fileChanged.connect(lambda _: self.changed.emit())

    def cloud_mask(self) -> str:
        """Where the cloud mask comes from."""
        return CLOUDS[self.clouds.currentIndex()]

    def view_count(self) -> int:
        """How many views are averaged."""
        return VIEWS[self.views.currentIndex()]

    def parameters(self) -> dict[str, Any]:
        """Its share of the parameters of ``l4s:detect``.

        What is left at the model's own value is left out.
        """
        parameters: dict[str, Any] = {
            "BEFORE": self.before.filePath(),
            "CLOUDS": self.clouds.currentIndex(),
            "TTA": self.views.currentIndex(),
            "CRF": self.crf.isChecked(),
            "DEVICE": self.device.currentData(),
        }
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
    models = []
    for card in sorted((environment.source() / "resources" / "models").glob("*/card.json")):
        try:
            data = json.loads(card.read_text(encoding="utf-8"))
            models.append((str(data["name"]), f"{data['name']} – {data['title']}"))
        except (OSError, ValueError, KeyError):
            # a damaged card is no reason to have no dialog; the engine says what is wrong with it
            continue
    return models
