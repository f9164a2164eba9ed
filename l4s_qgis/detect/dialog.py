"""The dialog “Detect landslides”: its parts, checks and parameters."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingUtils
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..help import HelpDialog
from ..i18n import tr
from ..icons import icon
from ..messages import escaped
from ..processing import inputs
from .checks import Request, check, megapixels
from .finding import Finding
from .ground_box import GroundBox
from .image_box import ImageBox
from .inspection import Inspected, read
from .inspector import Inspector
from .options_box import AdvancedBox, ResultBox, threshold_of

COLOURS = {"error": "#c62828", "warning": "#b26a00", "info": "#2e7d32", "wait": "#607080"}
COLOURS_ON_DARK = {
    "error": "#ff8a80",
    "warning": "#ffb74d",
    "info": "#81c784",
    "wait": "#a0b0c0",
}
SIGNS = {"error": "✖", "warning": "⚠", "info": "✔", "wait": "…"}


class DetectDialog(QDialog):
    """Asks for the scene, checks it, gives parameters for ``l4s:detect``."""

    def __init__(self, iface: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self.setWindowTitle(tr("Detect landslides"))
        self.setWindowIcon(icon("detect"))
        self._timer = QTimer(self, singleShot=True, interval=150)
        self._timer.timeout.connect(self._check)
        self.inspector = Inspector(self)
        self.inspector.found.connect(self._timer.start)
        self.finished.connect(self.inspector.stop)
        self.image = ImageBox()
        self.ground = GroundBox(iface.mapCanvas())
        self.result = ResultBox()
        self.advanced = AdvancedBox()
        content = QWidget()
        layout = QVBoxLayout(content)
        for box in (self.image, self.ground, self.result, self.advanced):
            layout.addWidget(box)
            box.changed.connect(self._timer.start)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.addWidget(scroll, 1)
        self.findings = QLabel(wordWrap=True)
        self.findings.setTextFormat(Qt.TextFormat.RichText)
        self.findings.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        outer.addWidget(self.findings)
        outer.addWidget(self._make_buttons())
        self.resize(640, 560)
        self.image.choose_first(iface.activeLayer())
        self.ground.choose_first(iface.activeLayer())
        self.advanced.before.offer()
        self._check()

    def _make_buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Close | kinds.Help)
        self.start = buttons.button(kinds.Ok)
        self.start.setText(tr("&Detect"))
        self.start.setIcon(icon("detect"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.helpRequested.connect(lambda: HelpDialog(self).show())
        return buttons

    def request(self) -> Request:
        """What the person asks for, to be checked."""
        area, crs = self.ground.area_polygon()
        return Request(
            images=self.image.images(),
            names=self.image.names(),
            product=self.image.product_path(),
            dems=self.ground.dems(),
            area=area,
            area_crs=crs,
            out=self.result.folder.filePath(),
            views=self.advanced.view_count(),
            before=self.advanced.image_before(),
            model=self.advanced.model_folder.filePath(),
            clouds=self.advanced.cloud_mask(),
            inspected=self._inspected(),
        )

    def _inspected(self) -> Inspected:
        """What is known of the files that were chosen; the engine is asked for the rest."""
        product = self.image.product_path()
        paths = [product] if product and Path(product).exists() else []
        paths += [
            dem if isinstance(dem, str) else dem.source().split("|")[0]
            for dem in self.ground.dems()
        ]
        measured = self.image.measured()
        result = self.inspector.ask([path for path in paths if Path(path).exists()])
        if result is not None:
            return read(result, measured)
        if self.inspector.is_busy:
            return replace(measured, findings=(Finding("wait", tr("Looking at the files…")),))
        failure = self.inspector.failure
        if failure is not None and failure.code != "cancelled":
            return replace(measured, findings=(Finding("warning", failure.sentence()),))
        return measured

    def _check(self) -> list[Finding]:
        request = self.request()
        found = check(request)
        self.advanced.show_defaults(threshold_of(self.result.chosen_models(), request.model))
        start = Path(request.product).parent if request.product else ""
        self.ground.dem.start_folder = self.advanced.before.start_folder = str(start)
        dark = self.palette().window().color().lightness() < 128
        colours = COLOURS_ON_DARK if dark else COLOURS
        lines = [
            f'<p style="margin:2px; color:{colours[f.level]}">{SIGNS[f.level]} {escaped(f.text)}</p>'
            for f in found
        ]
        self.findings.setText("".join(lines))
        self.start.setEnabled(not any(f.level == "error" for f in found))
        return found

    def ask_again(self) -> None:
        """Show the dialog again with the previous answers, as after a failure.

        The layers may have changed meanwhile.
        """
        self.image.offer()
        self.ground.offer()
        self.advanced.before.offer()
        self._check()
        self.show()

    def accept(self) -> None:
        """Close unless a check forbids the start.

        The disk or a layer may have changed since the last check.
        """
        if not any(finding.level == "error" for finding in self._check()):
            self.result.remember_folder()
            super().accept()

    def parameters(self) -> dict[str, Any]:
        """The parameters of ``l4s:detect``."""
        request = self.request()
        parameters: dict[str, Any] = {
            "OUTPUT": request.out,
            "DEM": list(request.dems),
            "MODEL": request.model or self.result.chosen_models(),
            **self.advanced.parameters(),
        }
        if request.images:
            several = len(request.images) > 1
            parameters["IMAGES" if several else "IMAGE"] = (
                list(request.images) if several else request.images[0]
            )
            parameters["CHANNELS"] = ",".join(name or "-" for name in request.names)
        else:
            parameters["PRODUCT"] = request.product
        if request.area is not None:
            folder = Path(QgsProcessingUtils.generateTempFilename("area"))
            folder.mkdir(parents=True, exist_ok=True)
            parameters["AREA"] = inputs.write_area([request.area], request.area_crs, folder)
        return parameters

    def work(self) -> tuple[float, int]:
        """How much is asked for: million pixels and views, for the next estimates."""
        request = self.request()
        return megapixels(request), request.views

    def title(self) -> str:
        """What the results are called in the layer tree."""
        request = self.request()
        name = request.images[0].name() if request.images else Path(request.product).stem
        return tr("Landslides: {name}, {time}").format(name=name[:40], time=time.strftime("%H:%M"))
