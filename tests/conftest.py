"""Profiles of hypothesis, short by default, HYPOTHESIS_PROFILE=deep for `make verify`; signals.

The short one draws the same examples every time; the deep one draws new ones.
"""

import os
import signal

# One thread of torch and others each, asleep while it waits: several workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hypothesis import HealthCheck, settings

# No deadline and no check of speed: the first example compiles kernels, and machines are busy.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("short", max_examples=100, derandomize=True, **PATIENT)
settings.register_profile("deep", max_examples=10_000, **PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

# A shell's background jobs ignore SIGINT, and so would the processes that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
