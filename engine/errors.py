"""The errors that the engine raises on purpose.

Every message says what was found, what was needed and what to do, in one sentence that a mapper can
act on. Programs switch on :attr:`L4SError.code`, which never changes once released; people read the
message.

::

    L4SError
    ├── InputError (ValueError)                 something given cannot be used
    │   ├── MissingFileError (FileNotFoundError)
    │   ├── UnreadableFileError (OSError)       damaged, truncated or of another format
    │   ├── ProductError                        a product is incomplete or contradicts itself
    │   ├── ChannelError                        channels missing, unknown or unnamed
    │   ├── GridError                           grids that must agree do not
    │   │   ├── MissingCRSError
    │   │   └── NoOverlapError
    │   ├── NoValidPixelsError                  nothing, or too little, to compute with
    │   ├── ConfigError                         an option or recipe value that makes no sense
    │   ├── DatasetError                        labelled patches that cannot be trained on
    │   ├── BundleError                         a model bundle that cannot be loaded
    │   │   ├── DigestError                     its files are not those that its card describes
    │   │   └── UnsafeWeightsError              a pickle where safetensors are expected
    │   └── InventoryError                      polygons or tables that cannot be used
    ├── OutputError (OSError)                   results cannot be written
    │   ├── DiskFullError
    │   └── BusyError                           another run writes into the same folder
    ├── DependencyError (ImportError)           an optional package is not installed
    ├── DeviceError (RuntimeError)              the device asked for cannot be used
    └── CancelledError                          stopped on request; not a failure
"""

from __future__ import annotations


class L4SError(Exception):
    """Root of the engine's errors.

    Attributes:
        code: Stable machine-readable name of the kind of error.
        exit_code: What the command line returns: 2 for input and environment, 130 when cancelled.
    """

    code = "error"
    exit_code = 2


class InputError(L4SError, ValueError):
    """Something that was given cannot be used."""

    code = "input"


class MissingFileError(InputError, FileNotFoundError):
    """A file or folder does not exist."""

    code = "file-missing"


class UnreadableFileError(InputError, OSError):
    """A file exists but is damaged, truncated or of another format."""

    code = "file-unreadable"


class ProductError(InputError):
    """A Sentinel-2 or DEM product is incomplete or contradicts itself."""

    code = "product"


class ChannelError(InputError):
    """Channels are missing, unknown or not named."""

    code = "channels"


class GridError(InputError):
    """Two rasters that must lie on one grid do not."""

    code = "grid"


class MissingCRSError(GridError):
    """A raster or vector layer has no coordinate reference system."""

    code = "crs-missing"


class NoOverlapError(GridError):
    """Two layers do not cover any common ground."""

    code = "no-overlap"


class NoValidPixelsError(InputError):
    """No pixel, or too few of them, hold data."""

    code = "no-valid-pixels"


class ConfigError(InputError):
    """An option or a recipe value makes no sense."""

    code = "config"


class DatasetError(InputError):
    """Labelled patches cannot be used for training or evaluation."""

    code = "dataset"


class BundleError(InputError):
    """A model bundle cannot be loaded."""

    code = "bundle"


class DigestError(BundleError):
    """A bundle's file is not the one that its card describes."""

    code = "bundle-digest"


class UnsafeWeightsError(BundleError):
    """Weights come as a pickle, which could run any code when opened."""

    code = "bundle-unsafe"


class InventoryError(InputError):
    """A landslide inventory cannot be read or used."""

    code = "inventory"


class OutputError(L4SError, OSError):
    """Results cannot be written."""

    code = "output"


class DiskFullError(OutputError):
    """The disk has no room left for the results."""

    code = "disk-full"


class BusyError(OutputError):
    """Another run writes into the same folder or file."""

    code = "busy"


class DependencyError(L4SError, ImportError):
    """An optional package that the request needs is not installed."""

    code = "dependency-missing"


class DeviceError(L4SError, RuntimeError):
    """The compute device asked for is not there or cannot be used."""

    code = "device"


class CancelledError(L4SError):
    """The caller asked to stop."""

    code = "cancelled"
    exit_code = 130
