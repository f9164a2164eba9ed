"""From products as bought to a stack: Sentinel-2, terrain, clouds, simulation."""

import lazy_loader as _lazy_loader

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
