"""Looks at a running system from outside and says what is wrong, in plain words; nothing is changed."""

from culture_connect_cli.doctor.check import Checked, Finding
from culture_connect_cli.doctor.diagnostics import examine
from culture_connect_cli.doctor.locations import Whereabouts, find_system

__all__ = ["Checked", "Finding", "Whereabouts", "examine", "find_system"]
