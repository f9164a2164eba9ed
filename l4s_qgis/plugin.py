"""The plugin in QGIS: toolbar, menu, Processing provider, dialog, dock.

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction

from .diagnostics import ErrorHook
from .i18n import install_translator, tr
from .icons import icon
from .processing.provider import Provider
from .settings.factory import OptionsPages


class L4SPlugin:
    """What QGIS loads and unloads."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        locale = QgsSettings().value("locale/userLocale", "en", type=str) or "en"
        self._translator = install_translator(locale)
        self._provider: Provider | None = None
        self._hook: ErrorHook | None = None
        self._factory: OptionsPages | None = None
        self._statistics: Any = None
        self._toolbar: Any = None
        self._actions: list[QAction] = []
        self._engine_dialog: Any = None
        self._detect_dialog: Any = None
        self._dock: Any = None
        self._runs: list[Any] = []

    def initProcessing(self) -> None:
        """Offer the algorithms; ``qgis_process`` calls only this."""
        self._provider = Provider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Add toolbar, menu and algorithms."""
        self.initProcessing()
        self._hook = ErrorHook(self._iface)
        self._toolbar = self._iface.addToolBar(tr("Landslides"))
        self._toolbar.setObjectName("l4s")
        self.detect_action = self._add_action(
            "detect",
            tr("Detect landslides…"),
            self.detect,
            tr("Find landslides in a Sentinel-2 image"),
        )
        self.review_action = self._add_action(
            "review",
            tr("Review landslides"),
            self.review,
            tr("Accept, reject and correct landslides one by one"),
        )
        self.review_action.setCheckable(True)
        self.engine_action = self._add_action(
            "engine", tr("Engine…"), self.engine, tr("Install, repair or choose the engine")
        )
        for name, text, slot in (
            ("statistics", tr("Statistics"), self.statistics),
            ("layout", tr("Print layout…"), self.layout),
            ("demo", tr("Demo data"), self.demo),
            ("options", tr("Options…"), self.options),
            ("help", tr("Help"), self.help),
        ):
            self._add_menu_entry(name, text, slot)
        self._factory = OptionsPages(self.engine)
        self._iface.registerOptionsWidgetFactory(self._factory)
        self.detect_action.setShortcut(QKeySequence("Ctrl+Alt+L"))

    def unload(self) -> None:
        """Remove everything again."""
        for run in self._runs:
            run.cancel()
        if self._hook is not None:
            self._hook.remove()
        if self._factory is not None:
            self._iface.unregisterOptionsWidgetFactory(self._factory)
            self._factory = None
        if self._statistics is not None:
            self._statistics.close_down()
            self._iface.removeDockWidget(self._statistics)
            self._statistics.deleteLater()
            self._statistics = None
        if self._dock is not None:
            self._dock.close_down()
            self._iface.removeDockWidget(self._dock)
            self._dock.deleteLater()
        for dialog in (self._engine_dialog, self._detect_dialog):
            if dialog is not None:
                dialog.deleteLater()
        for action in self._actions:
            self._iface.removePluginRasterMenu(tr("Landslides"), action)
        if self._toolbar is not None:
            self._toolbar.deleteLater()
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
        if self._translator is not None:
            QgsApplication.removeTranslator(self._translator)
        self._dock = self._engine_dialog = self._detect_dialog = self._toolbar = self._provider = (
            None
        )
        self._actions, self._runs = [], []

    def engine(self, *_: Any) -> Any:
        """Open the page on which the engine is installed."""
        from .setup.dialog import EngineDialog

        if self._engine_dialog is None:
            self._engine_dialog = EngineDialog(self._iface.mainWindow())
        self._engine_dialog.refresh()
        self._engine_dialog.show()
        self._engine_dialog.raise_()
        return self._engine_dialog

    def help(self, *_: Any) -> Any:
        """Show the user guide."""
        from .help import HelpDialog

        dialog = HelpDialog(self._iface.mainWindow())
        dialog.show()
        return dialog

    def detect(self, *_: Any) -> Any:
        """Open the dialog, or first the page that installs the engine."""
        if self._has_engine():
            return self._open_detect()
        dialog = self.engine()
        dialog.installed.connect(self._detect_after_installation)
        return dialog

    def _detect_after_installation(self) -> None:
        self._engine_dialog.installed.disconnect(self._detect_after_installation)
        self._engine_dialog.hide()
        self._open_detect()

    def _open_detect(self) -> Any:
        from .detect.dialog import DetectDialog

        if self._detect_dialog is None:
            self._detect_dialog = DetectDialog(self._iface, self._iface.mainWindow())
            self._detect_dialog.accepted.connect(self._start_detection)
            self._detect_dialog.rejected.connect(self._forget_answers)
        self._detect_dialog.ask_again()
        self._detect_dialog.raise_()
        return self._detect_dialog

    def _start_detection(self) -> None:
        from .detect.estimate import remember
        from .detect.outcome import Outcome
        from .detect.run import BackgroundRun

        dialog, self._detect_dialog = self._detect_dialog, None
        outcome = Outcome(self._iface, dialog.title(), self.show_review)
        run = BackgroundRun(self._iface, "l4s:detect", dialog.parameters(), tr("Detect landslides"))
        run.succeeded.connect(lambda outputs: outcome.show(outputs, run.seconds, run.warnings))
        mpx, views = dialog.work()
        run.succeeded.connect(lambda _: remember(mpx, views, run.seconds))
        run.succeeded.connect(lambda _: dialog.deleteLater())
        run.failed.connect(lambda _: outcome.forget())
        run.failed.connect(lambda _: self._keep_answers(dialog))
        self._keep_run(run)
        run.start()

    def _forget_run(self, run: Any) -> None:
        self._runs = [other for other in self._runs if other is not run]

    def _keep_answers(self, dialog: Any) -> None:
        """After a failure the dialog opens with what was answered before."""
        if self._detect_dialog is None and self._toolbar is not None:
            self._detect_dialog = dialog
        else:
            dialog.deleteLater()

    def _forget_answers(self) -> None:
        dialog, self._detect_dialog = self._detect_dialog, None
        dialog.deleteLater()

    def review(self, *_: Any) -> Any:
        """Show or hide the review dock."""
        if self._dock is not None and self._dock.isVisible():
            self._dock.hide()
            return self._dock
        return self.show_review()

    def show_review(self) -> Any:
        """Show the review dock, with the active layer where that is an inventory."""
        if self._dock is None:
            from qgis.PyQt.QtCore import Qt

            from .review.dock import ReviewDock

            self._dock = ReviewDock(self._iface)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
            self._dock.visibilityChanged.connect(self.review_action.setChecked)
        else:
            self._dock.choose_layer()
        self._dock.show()
        return self._dock

    def statistics(self, *_: Any) -> Any:
        """Show the statistics of an inventory beside the map."""
        if self._statistics is None:
            from qgis.PyQt.QtCore import Qt

            from .summary.panel import StatisticsPanel

            self._statistics = StatisticsPanel(self._iface)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._statistics)
        self._statistics.choose_layer()
        self._statistics.show()
        return self._statistics

    def layout(self, *_: Any) -> Any:
        """Make a print layout of an inventory and open it in QGIS's editor."""
        from .inventories import first_inventory
        from .layout import make_layout

        layer = first_inventory(self._iface.activeLayer())
        if layer is None:
            text = tr("Load or detect landslides first; the layout shows them.")
            self._iface.messageBar().pushMessage(tr("Print layout"), text)
            return None
        made = make_layout(layer, self._iface.mapCanvas().extent())
        self._iface.openLayoutDesigner(made)
        return made

    def demo(self, *_: Any) -> Any:
        """Make a simulated scene and load it; on the first use the engine is installed before."""
        from .demo import Demo

        if not self._has_engine():
            return self.engine()
        run = Demo(self._iface, self.detect_in).prepare()
        self._keep_run(run)
        run.start()
        return run

    def detect_in(self, product: str) -> Any:
        """Open the dialog for a product."""
        dialog = self.detect()
        if dialog is self._detect_dialog:
            dialog.image.product.setFilePath(product)
        return dialog

    def options(self, *_: Any) -> None:
        """Open Settings ▸ Options ▸ Landslides."""
        self._iface.showOptionsDialog(self._iface.mainWindow(), tr("Landslides"))

    def _has_engine(self) -> bool:
        from .messages import EngineError
        from .worker import environment

        try:
            environment.require()
        except EngineError:
            return False
        return True

    def _keep_run(self, run: Any) -> None:
        for signal in (run.succeeded, run.failed):
            signal.connect(lambda _: self._forget_run(run))
        self._runs.append(run)

    def _add_menu_entry(self, name: str, text: str, slot: Any) -> None:
        action = QAction(icon(name), text, self._iface.mainWindow())
        action.setObjectName(f"l4s_{name}")
        action.triggered.connect(slot)
        self._iface.addPluginToRasterMenu(tr("Landslides"), action)
        self._actions.append(action)

    def _add_action(self, name: str, text: str, slot: Any, tip: str) -> QAction:
        action = QAction(icon(name), text, self._iface.mainWindow())
        action.setObjectName(f"l4s_{name}")
        action.setToolTip(tip)
        action.setStatusTip(tip)
        action.triggered.connect(slot)
        self._toolbar.addAction(action)
        self._iface.addPluginToRasterMenu(tr("Landslides"), action)
        self._actions.append(action)
        return action
