"""Settings of the detection, as QGIS keeps them under ``l4s/``.

Those of the review stand in :mod:`l4s_qgis.review.options`.
"""

from __future__ import annotations

from qgis.core import QgsSettings

DEVICES = ("auto", "cpu", "cuda")
_DEVICE = "l4s/device"
_MODEL = "l4s/model"


def device() -> str:
    """The device that the dialog proposes, one of :data:`DEVICES`."""
    value = str(QgsSettings().value(_DEVICE, "auto", type=str))
    return value if value in DEVICES else "auto"


def set_device(value: str) -> None:
    """Keep the device.

    Raises:
        ValueError: It is none of :data:`DEVICES`.
    """
    if value not in DEVICES:
        raise ValueError(value)
    QgsSettings().setValue(_DEVICE, value)


def model() -> str:
    """Name of the model that the dialog proposes; empty for the first one."""
    return str(QgsSettings().value(_MODEL, "", type=str))


def set_model(name: str) -> None:
    """Keep the model."""
    QgsSettings().setValue(_MODEL, name)
