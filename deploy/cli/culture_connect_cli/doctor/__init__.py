"""Read-only checks of a running system from outside."""

from culture_connect_cli.doctor.check import CheckResult, Finding
from culture_connect_cli.doctor.diagnostics import run_checks
from culture_connect_cli.doctor.locations import SystemLocations, find_locations

__all__ = ["CheckResult", "Finding", "SystemLocations", "find_locations", "run_checks"]
