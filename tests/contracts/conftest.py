"""Generated examples take as long as the machine needs: how busy it is says nothing about the contracts."""

from hypothesis import HealthCheck, settings

settings.register_profile("contracts", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("contracts")
