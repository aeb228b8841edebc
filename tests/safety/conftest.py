"""Hypothesis on a busy machine: what a property says does not depend on how fast it is drawn."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
