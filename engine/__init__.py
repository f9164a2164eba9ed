"""Landslide detection from Sentinel-2 and terrain.

    scene → stack → probability → mask → inventory

Importing this package is cheap: neither PyTorch nor rasterio is imported before a name that needs
it is used. What it offers is listed once, in ``__init__.pyi``.
"""

import lazy_loader as _lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
__all__ = sorted([*__all__, "__version__"])
