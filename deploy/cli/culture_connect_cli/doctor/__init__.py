"""Looks at a running system from outside and says what is wrong, in plain words; nothing is changed."""

from culture_connect_cli.doctor.examination import examine
from culture_connect_cli.doctor.findings import Checked, Finding
from culture_connect_cli.doctor.whereabouts import Whereabouts, find_system

__all__ = ["Checked", "Finding", "Whereabouts", "examine", "find_system"]
