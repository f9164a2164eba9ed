"""The provider ``l4s``."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .. import __version__
from ..i18n import tr
from ..icons import icon


class Provider(QgsProcessingProvider):
    """Offers the engine's commands as Processing algorithms."""

    def id(self) -> str:
        """Its identifier."""
        return "l4s"

    def name(self) -> str:
        """Its name."""
        return tr("Landslides (l4s)")

    def versionInfo(self) -> str:
        """Its version."""
        return __version__

    def icon(self) -> QIcon:
        """Its icon."""
        return icon("detect")

    def loadAlgorithms(self) -> None:
        """Add all algorithms."""
        from .detect import Detect
        from .inventory import Compare, Export, Report
        from .simulate import Simulate
        from .stack import Stack
        from .training import Adapt, Patches, Train
        from .vectorize import Vectorize

        for algorithm in (
            *(Detect, Stack, Simulate, Vectorize),
            *(Compare, Report, Export),
            *(Patches, Train, Adapt),
        ):
            self.addAlgorithm(algorithm())
