"""Profiles of hypothesis: short by default, HYPOTHESIS_PROFILE=deep for `make verify`.

The short one draws the same examples every time; the deep one draws new ones.
"""

import os

from hypothesis import HealthCheck, settings

# No deadline and no check of speed: the first example compiles kernels, and machines are busy.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("short", max_examples=100, derandomize=True, **PATIENT)
settings.register_profile("deep", max_examples=10_000, **PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
