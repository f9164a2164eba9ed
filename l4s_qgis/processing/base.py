"""What all algorithms share: they run one engine command beside QGIS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
)
from qgis.PyQt.QtGui import QIcon

from ..i18n import tr
from ..icons import icon
from ..messages import EngineError, Warned
from ..worker import environment
from ..worker.process import Listener, command_of, run_engine
from . import inputs


class TaskFeedback(QgsProcessingFeedback):
    """Feedback that keeps the failure, for the “Details” button."""

    def __init__(self) -> None:
        super().__init__(False)
        self.failure: EngineError | None = None
        self.warned: list[Warned] = []


class EngineAlgorithm(QgsProcessingAlgorithm):
    """One engine command.

    Subclasses declare parameters, turn them into arguments and the result into outputs.
    """

    NAME = ""
    GROUP = ""

    def createInstance(self) -> EngineAlgorithm:
        """A fresh instance."""
        return type(self)()

    def name(self) -> str:
        """Its identifier."""
        return self.NAME

    def title(self) -> str:
        """What it is called."""
        raise AttributeError(self.NAME)

    def help(self) -> str:
        """What it does, in a paragraph."""
        raise AttributeError(self.NAME)

    def displayName(self) -> str:
        """What it is called."""
        return self.title()

    def groupId(self) -> str:
        """Its group's identifier."""
        return self.GROUP

    def group(self) -> str:
        """Its group's name."""
        names = {
            "detection": tr("Detection"),
            "inventory": tr("Inventory"),
            "training": tr("Training"),
        }
        return names[self.GROUP]

    def shortHelpString(self) -> str:
        """What the algorithm dialog shows on the right."""
        return self.help()

    def icon(self) -> QIcon:
        """Its icon."""
        return icon("detect")

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        """The engine's command line for parameters.

        Args:
            parameters: As Processing gives them.
            context: As Processing gives it.
            folder: A temporary folder for files made on the way.
        """
        raise AttributeError(self.NAME)

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        """The algorithm's outputs from the engine's result."""
        raise AttributeError(self.NAME)

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> bool:
        """Read layers here, as this is called in the main thread."""
        try:
            self._python = environment.require().python
        except EngineError as error:
            raise _raised(error, feedback) from error
        folder = Path(QgsProcessingUtils.generateTempFilename(self.NAME))
        folder.mkdir(parents=True, exist_ok=True)
        self._arguments = absolute(self.arguments(parameters, context, folder))
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the engine; called in a worker thread."""
        if environment.is_from_variable():
            feedback.pushInfo(f"{environment.VARIABLE} = {self._python}")
        feedback.pushCommandInfo("l4s " + " ".join(self._arguments))
        try:
            result = run_engine(
                self._arguments,
                command=command_of(self._python),
                listener=_FeedbackListener(feedback),
            )
        except EngineError as error:
            if error.details:
                feedback.pushDebugInfo(error.details)
            raise _raised(error, feedback) from error
        if result.get("text"):
            feedback.pushInfo(str(result["text"]))
        try:
            return self.outputs(result)
        except (KeyError, TypeError, ValueError) as error:
            raise _raised(EngineError("engine-silent", repr(error)), feedback) from error

    def file_of(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str:
        """The file behind a vector layer parameter.

        A layer without a file of its own (virtual, filtered, in memory, on a server) is written
        to one.

        Raises:
            QgsProcessingException: It is no layer, or has no coordinate reference system.
        """
        layer = self.parameterAsVectorLayer(parameters, name, context)
        if layer is None:
            raise QgsProcessingException(
                tr("“{name}” is not a layer that can be read.").format(name=name)
            )
        if not layer.crs().isValid():
            raise QgsProcessingException(
                tr(
                    "“{name}” has no coordinate reference system; set it in the layer's properties."
                ).format(name=layer.name())
            )
        source = layer.source().split("|")[0]
        if layer.providerType() == "ogr" and not layer.subsetString() and Path(source).exists():
            return source
        return inputs.write_layer(
            layer, Path(QgsProcessingUtils.generateTempFilename(f"{name.lower()}.gpkg")), context
        )

    def folder_of(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext
    ) -> str:
        """The folder of a destination parameter, maybe a temporary one."""
        return str(self.parameterAsFileOutput(parameters, name, context))

    def text_of(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str:
        """A text parameter without surrounding blanks; empty where it is not set."""
        return (self.parameterAsString(parameters, name, context) or "").strip()


class _FeedbackListener(Listener):
    """Passes the engine's events to Processing's feedback."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._stage = ""

    def progress(self, percent: float, stage: str) -> None:
        self._feedback.setProgress(percent)
        if stage != self._stage:
            self._stage = stage
            self._feedback.setProgressText(stage_title(stage))

    def log(self, message: str, warning: bool, code: str = "") -> None:
        if not warning:
            self._feedback.pushInfo(message)
            return
        warned = Warned(code, message)
        if isinstance(self._feedback, TaskFeedback):
            self._feedback.warned.append(warned)
        self._feedback.pushWarning(warned.sentence)
        if warned.sentence != message:
            self._feedback.pushDebugInfo(message)

    def detail(self, line: str) -> None:
        self._feedback.pushDebugInfo(line)

    def is_cancelled(self) -> bool:
        return bool(self._feedback.isCanceled())


def absolute(arguments: Sequence[str]) -> list[str]:
    """Arguments with absolute paths, because the engine works in a folder of its own.

    Names of models and recipes stay names, even where a folder here happens to bear one.
    """
    found = []
    option = ""
    for argument in arguments:
        if argument.startswith("--"):
            option = argument
        elif option == "--out" or _is_relative_path(argument, option):
            argument = str(Path(argument).absolute())
        found.append(argument)
    return found


def _is_relative_path(argument: str, option: str) -> bool:
    if option in ("", "--set") or (
        option in ("--model", "--recipe") and Path(argument).name == argument
    ):
        return False
    try:
        return bool(argument) and Path(argument).exists()
    except OSError:  # not a name that a file could have
        return False


def stage_title(stage: str) -> str:
    """What a person reads while a stage runs."""
    return stage_titles().get(stage, stage[:1].upper() + stage[1:])


def stage_titles() -> dict[str, str]:
    """What the engine's stages are called in the language of QGIS."""
    return {
        "stack": tr("Bringing image and elevation onto one grid"),
        "change": tr("Comparing with the image before"),
        "statistics": tr("Measuring the scene"),
        "detect": tr("Looking for landslides"),
        "write": tr("Writing the probability"),
        "threshold": tr("Looking for the threshold"),
        "mask": tr("Applying the threshold"),
        "reading the mask": tr("Drawing outlines"),
        "tracing outlines": tr("Drawing outlines"),
        "splitting": tr("Drawing outlines"),
        "measuring": tr("Measuring landslides"),
        "drawing the report": tr("Writing the report"),
        "comparing": tr("Comparing"),
        "cutting patches": tr("Cutting patches"),
        "reading patches": tr("Reading patches"),
        "training": tr("Training"),
        "counting clouds": tr("Measuring landslides"),
        "looking for terrain": tr("Measuring landslides"),
        "drawing the map": tr("Writing the map"),
        "patches": tr("Cutting patches"),
        "checking patches": tr("Reading patches"),
        "scoring": tr("Comparing"),
        "simulate": tr("Making the scene"),
        "simulate before": tr("Making the scene"),
        "simulate terrain": tr("Making the scene"),
    }


def _raised(error: EngineError, feedback: QgsProcessingFeedback) -> QgsProcessingException:
    if isinstance(feedback, TaskFeedback):
        feedback.failure = error
    return QgsProcessingException(error.sentence())
