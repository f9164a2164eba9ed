"""Settings shared by all tests."""

import os
from importlib.util import find_spec

if find_spec("hypothesis") is not None:  # QGIS's own environment does without
    from hypothesis import HealthCheck, settings

    # A busy two-core machine must not fail a test by its clock; CI tries the same examples every
    # time.
    settings.register_profile("l4s", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("ci", settings.get_profile("l4s"), derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "l4s")
