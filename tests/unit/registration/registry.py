"""The registry of one partner without a database: what decisions find, and what they leave behind."""

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from culture_connect.contracts import EnrolmentRequested
from registration.domain.enrolment import Command, Decision, decide_all
from registration.domain.roster import Participant, Person, Roster, Tombstone, email_key
from tests.unit.registration.hr import CONTRACT, TODAY


@dataclass
class Registry:
    """The content of the database, held in the plainest way."""

    rows: dict[UUID, Participant] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)

    def roster(self, commands: list[Command]) -> Roster:
        """Loads as the service does: what the commands name, and the number of all the active."""
        refs = {command.message.employee_ref for command in commands}
        keys = {
            email_key(command.message.email) for command in commands if isinstance(command.message, EnrolmentRequested)
        }
        known = [
            row
            for row in self.rows.values()
            if row.employee_ref in refs or (row.enrolled and row.person is not None and row.person.email_key in keys)
        ]
        return Roster(CONTRACT, sum(row.enrolled for row in self.rows.values()), known, self.tombstones)

    def decide(self, commands: list[Command], today: date = TODAY) -> list[Decision]:
        """One batch: load, decide, save."""
        decided = decide_all(self.roster(commands), commands, today)
        self.rows.update({row.participant_id: row for row in decided.changed})
        for participant_id, moment in decided.confirmed.items():
            self.rows[participant_id] = replace(self.rows[participant_id], last_command_at=moment)
        self.tombstones |= decided.tombstones
        return decided.of_each

    def enrolled(self) -> dict[str | None, Person | None]:
        """Returns who takes part, by employee reference."""
        return {row.employee_ref: row.person for row in self.rows.values() if row.enrolled}
