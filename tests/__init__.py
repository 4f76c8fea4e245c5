"""
The tests, a package for each tier.
"""

import os

from hypothesis import HealthCheck, settings

# Machines are shared and busy: no test fails for want of time. The examples are the same in every run, so that a change is
# judged by what it changes; HYPOTHESIS_PROFILE=search draws others, and more of them.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("trio2o", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "trio2o"))
