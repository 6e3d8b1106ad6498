"""Taking in a file of an HR department: all of it or nothing, or all of its good lines, or just looking.

The file is read in portions, in a thread so that the largest one holds up nobody, and each portion is decided as
messages from the bus are. One transaction holds it all, so whatever fails leaves nothing behind.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar
from uuid import UUID

from culture_connect.contracts import (
    EnrolmentRequested,
    EnrolmentWithdrawn,
    ParticipantChanged,
    ParticipantEnrolled,
    local_day,
    problem,
)
from culture_connect.messaging import UnitOfWork
from registration.domain.address_swaps import satisfiable
from registration.domain.enrolment import Decision
from registration.domain.errors import FileNotUsable, ImportRefused, Unknown, WithdrawalsNotConfirmed
from registration.domain.hr_file import Fault, FileFault, HrFile, Row
from registration.domain.roster import Participant, Person, email_key
from registration.store import participants
from registration.store.tombstones import Tombstones
from registration.use_cases.decide_enrolments import decide_enrolments
from registration.use_cases.file_thread import in_file_thread
from registration.use_cases.lock_roster import lock_partner

PORTION = 250  # lines
MOST_FAULTS = 1000  # told of one file; further ones are counted
# A complete list that withdraws more than this part of the active people may be the wrong file.
UNCONFIRMED_PART = 0.2

Progress = Callable[[str, int, int], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import. `full`: it names everybody who takes part, so others are withdrawn.

    `confirm_withdrawals` is the number of withdrawals that was agreed to.
    """

    dry_run: bool = False
    full: bool = False
    skip_faulty: bool = False
    confirm_withdrawals: int | None = None


@dataclass(slots=True)
class Report:
    """The effect of a file; lines by their number and employee reference.

    `faults` are the first `MOST_FAULTS` that were found, `faulty` the numbers of all the lines that have any.
    """

    lines: int = 0
    unchanged: int = 0
    added: list[tuple[int, str]] = field(default_factory=list)
    returning: list[tuple[int, str]] = field(default_factory=list)
    changed: list[tuple[int, str, list[str]]] = field(default_factory=list)
    leaving: Sequence[str] = ()
    faults: list[Fault] = field(default_factory=list)
    faulty: set[int] = field(default_factory=set)
    withdrawals_to_confirm: int | None = None

    def blame(self, faults: Iterable[Fault]) -> None:
        """Takes in what is wrong with lines."""
        for fault in faults:
            self.faulty.add(fault.line)
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(fault)


async def take_file(
    work: UnitOfWork, tombstones: Tombstones, slug: str, file: HrFile, options: ImportOptions, progress: Progress
) -> Report:
    """Takes the file in as wished, and tells the other services; `progress` hears how far it is.

    Raises Unknown for a partner that there is not, FileNotUsable, ImportRefused for faulty lines unless they are to be
    skipped, and WithdrawalsNotConfirmed.
    """
    async with work.dry_run() if options.dry_run else contextlib.nullcontext():
        partner = await lock_partner(work, slug, local_day(work.now))
        if partner is None:
            raise Unknown("partner")
        importing = _Import(work, tombstones, slug, file, options, progress)
        try:
            return await importing.run(partner.active)
        except FileFault as fault:
            raise FileNotUsable(errors=tuple(fault.problems)) from None


class _Import:
    def __init__(
        self,
        work: UnitOfWork,
        tombstones: Tombstones,
        slug: str,
        file: HrFile,
        options: ImportOptions,
        progress: Progress,
    ) -> None:
        self._work = work
        self._tombstones = tombstones
        self._slug = slug
        self._file = file
        self._options = options
        self._progress = progress
        self._report = Report()
        self._line_of: dict[str, int] = {}
        self._nameless: list[int] = []

    async def run(self, active: int) -> Report:
        await self._read()
        if self._options.full:
            await self._withdraw_others(active)
        collided = [each async for portion in self._decide_rows() for each in portion]
        await self._try_again(collided)
        self._report.faults.sort(key=lambda fault: fault.line)
        if self._report.faults and not (self._options.dry_run or self._options.skip_faulty):
            raise _refused(self._report)
        return self._report

    async def _read(self) -> None:
        """Finds out whom the file names, before anything is decided."""
        total = await in_file_thread(self._file.count)
        async for portion in _named_portions(self._file):
            for ref, row in portion:
                if ref is None:
                    self._nameless.append(row.line)
                else:
                    self._line_of.setdefault(ref, row.line)
            self._report.lines += len(portion)
            self._progress("reading", self._report.lines, total)

    async def _withdraw_others(self, active: int) -> None:
        if self._nameless and not self._options.dry_run:
            # Whoever they are, they would be taken for absent.
            words = "must be there on every line of a complete list"
            self._report.blame(Fault(line, "employee_ref", "missing", words) for line in self._nameless)
            raise _refused(self._report)
        self._report.leaving = await participants.enrolled_besides(self._work, self._slug, self._line_of)
        leaving = len(self._report.leaving)
        if leaving > UNCONFIRMED_PART * active and leaving != self._options.confirm_withdrawals:
            self._report.withdrawals_to_confirm = leaving
            if not self._options.dry_run:
                words = f"{leaving} of {active} active participants would be withdrawn"
                error = problem("not_confirmed", f"must be {leaving} to confirm that", field="confirm_withdrawals")
                raise WithdrawalsNotConfirmed(words, (error,))
        for portion in _portions(self._report.leaving, PORTION):
            await self._decide([EnrolmentWithdrawn(employee_ref=ref) for ref in portion])

    async def _decide_rows(self) -> AsyncIterator[list[tuple[int, EnrolmentRequested]]]:
        """Decides portion by portion; gives those whose address somebody has who may give it up further down."""
        done = 0
        async for portion in _named_portions(self._file):
            known = await self._known_by(ref for ref, _ in portion)
            requests = await in_file_thread(self._requests, portion, known)
            yield await self._decide_requests(requests, known)
            done += len(portion)
            self._progress("deciding", done, self._report.lines)

    def _requests(
        self, rows: Sequence[tuple[str | None, Row]], known: dict[str, Participant]
    ) -> list[tuple[int, EnrolmentRequested]]:
        requests = []
        for ref, row in rows:
            first = self._line_of[ref] if ref is not None else row.line
            if first != row.line:
                words = f"is on line {first} already"
                self._report.blame([Fault(row.line, "employee_ref", "duplicate", words)])
                continue
            person = known[ref].person if ref in known else None
            request = row.request(person)
            if isinstance(request, EnrolmentRequested):
                requests.append((row.line, request))
            else:
                self._report.blame(request)
        return requests

    async def _decide_requests(
        self, requests: Sequence[tuple[int, EnrolmentRequested]], known: dict[str, Participant]
    ) -> list[tuple[int, EnrolmentRequested]]:
        """Returns those that collided with somebody's address and nothing else."""
        collided = []
        decisions = await self._decide([request for _, request in requests])
        for (line, request), decision in zip(requests, decisions, strict=True):
            if [error.code for error in decision.errors] == ["email_in_use"]:
                collided.append((line, request))
            else:
                self._note(line, request.employee_ref, decision, known.get(request.employee_ref))
        return collided

    async def _try_again(self, collided: list[tuple[int, EnrolmentRequested]]) -> None:
        """An address may be given up by another of these lines, and that one wait for a third, or for the first."""
        if not collided:
            return
        refs = {request.employee_ref for _, request in collided}
        wanted = {request.employee_ref: email_key(request.email) for _, request in collided}
        people = await participants.known(self._work, self._slug, refs=refs, email_keys=set(wanted.values()))
        known = {each.employee_ref: each for each in people if each.employee_ref is not None}
        holders = {each.person.email_key: ref for ref, each in known.items() if each.enrolled and each.person}
        satisfied = satisfiable(wanted, holders)
        giving_up = {known[ref].participant_id for ref in satisfied if ref in known}
        # Line by line in portions: until its own turn comes somebody may be without an address.
        for portion in _portions((each for each in collided if each[1].employee_ref in satisfied), PORTION):
            decisions = await self._decide([request for _, request in portion], giving_up)
            for (line, request), decision in zip(portion, decisions, strict=True):
                self._note(line, request.employee_ref, decision, known.get(request.employee_ref))
        words = "is the address of another active participant of yours"
        self._report.blame(
            Fault(line, "email", "email_in_use", words)
            for line, request in collided
            if request.employee_ref not in satisfied
        )

    async def _decide(
        self, messages: Sequence[EnrolmentRequested | EnrolmentWithdrawn], giving_up: Collection[UUID] = ()
    ) -> list[Decision]:
        asked = [(message, None) for message in messages]
        if not asked:
            return []
        decisions = await decide_enrolments(
            self._work, self._tombstones, self._slug, asked, listed=True, giving_up=giving_up
        )
        await self._work.flush()
        return decisions

    def _note(self, line: int, ref: str, decision: Decision, before: Participant | None) -> None:
        report = self._report
        report.blame(Fault(line, error.field, error.code, error.message) for error in decision.errors)
        if isinstance(decision.event, ParticipantChanged) and decision.participant is not None:
            report.changed.append((line, ref, _differences(before, decision.participant)))
        elif isinstance(decision.event, ParticipantEnrolled):
            (report.added if decision.event.version == 1 else report.returning).append((line, ref))
        elif not decision.errors:
            report.unchanged += 1

    async def _known_by(self, refs: Iterable[str | None]) -> dict[str, Participant]:
        named = {ref for ref in refs if ref is not None}
        found = await participants.known(self._work, self._slug, refs=named, email_keys=())
        return {each.employee_ref: each for each in found if each.employee_ref is not None}


def _differences(before: Participant | None, after: Participant) -> list[str]:
    """The fields of the person that are others now."""
    if before is None or before.person is None or after.person is None:
        return []
    fields = (name for name in Person.__slots__ if name != "email_key")
    return [name for name in fields if getattr(before.person, name) != getattr(after.person, name)]


def _refused(report: Report) -> ImportRefused:
    more = f"{len(report.faulty)} lines are faulty; the first {MOST_FAULTS} faults are listed"
    return ImportRefused(
        more if len(report.faults) == MOST_FAULTS else None,
        errors=tuple(
            problem(
                fault.code,
                fault.message,
                field=f"line {fault.line}: {fault.field}" if fault.field else f"line {fault.line}",
            )
            for fault in report.faults
        ),
    )


async def _named_portions(file: HrFile) -> AsyncIterator[list[tuple[str | None, Row]]]:
    """The rows with whom they are about, read in a thread. Raises FileFault."""
    rows = file.rows()

    def read() -> list[tuple[str | None, Row]]:
        # A reference is checked against the contract each time that it is asked for.
        return [(row.employee_ref, row) for row in islice(rows, PORTION)]

    while portion := await in_file_thread(read):
        yield portion


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
