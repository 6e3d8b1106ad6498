"""A partner's list of employees, handed in as a file: sent safely, and told about readably."""

from culture_connect_cli.enrolment_import.report import is_settled, to_confirm, told
from culture_connect_cli.enrolment_import.upload import Choices, Stage, hand_in

__all__ = ["Choices", "Stage", "hand_in", "is_settled", "to_confirm", "told"]
