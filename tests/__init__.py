"""
The tests, a package for each tier.
"""

from hypothesis import HealthCheck, settings

# Machines are shared and busy: no test fails for want of time.
settings.register_profile("trio2o", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trio2o")
