"""At the end: each employee is everywhere what was said of them last, and each message has its one receipt."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from culture_connect.messaging.topology import SERVICES
from tests.storm.deployment import Deployment
from tests.storm.employees import MARK_LENGTH, Employee, EmployeeStatus
from tests.storm.findings import BACK, DOUBLE, LOST, Findings
from tests.storm.hr import HrSystem

Row = Mapping[str, Any]

_REGISTERED: Final = """
    select employee_ref, participant_id::text, standing, given_name, version from registration.participants
    where partner = $1 and standing <> 'erased'
"""
_ALL_VERSIONS: Final = "select participant_id::text, standing, version from registration.participants"
_TICKETING: Final = """
    select participant_id::text, greatest(version, withdrawn_version) as version, erased, active_until
    from ticketing.participants
"""
_NOTIFICATIONS: Final = """
    select participant_id::text, greatest(person_version, term_version) as version, erased, withdrawn_on, given_name
    from notifications.contacts
"""
# Every mark in a table, as text or in bytes; see `employees.new_mark`.
_MARKS: Final = """
    select distinct found[1] as mark
    from {table} as t, regexp_matches(t::text, '([Mm][0-9a-f]{{12}}|[46]d(?:3[0-9]|6[1-6]){{12}})', 'g') as found
"""
_TABLES: Final = "select tablename from pg_tables where schemaname = $1"


def check_receipts(system: HrSystem, findings: Findings) -> None:
    """One receipt for each message, with the outcome that follows from what was said before."""
    receipts, partner = system.receipts(), system.staff.partner
    asked = {sent.id: sent.expected for sent in system.sent} | dict.fromkeys(system.refused, "refused")
    findings.none_of(LOST, f"messages of {partner} without receipt", asked.keys() - receipts.keys())
    more = {id_ for id_, told in receipts.items() if len(told) > 1}
    findings.none_of(DOUBLE, f"messages of {partner} with more than one receipt", more)
    findings.none_of(DOUBLE, f"receipts of {partner} for what it never sent", receipts.keys() - asked.keys())
    for sent in system.sent:
        for receipt in receipts.get(sent.id, [])[:1]:
            outcome = receipt.get("outcome", "refused")
            if outcome != sent.expected:
                # An overtaken request that is accepted brings somebody back, or takes a change back.
                promise = BACK if sent.expected == "refused" else DOUBLE
                codes = ",".join(error["code"] for error in receipt.get("errors", []))
                what = f"{partner}: {sent.verb} was to be {sent.expected} and is {outcome} {codes}".rstrip()
                findings.add(promise, what, [sent.id, sent.employee_ref])


async def check_registration(deployment: Deployment, system: HrSystem, findings: Findings) -> None:
    """Checks that registration has each employee of a partner as the last message said."""
    partner = system.staff.partner
    rows = {row["employee_ref"]: row for row in await deployment.rows(_REGISTERED, partner)}
    for employee in system.staff.employees:
        row = rows.pop(employee.ref, None)
        wrong = _wrong(employee, row)
        if wrong:
            findings.add(BACK if employee.status is not EmployeeStatus.ENROLLED else LOST, wrong, [employee.ref])
    findings.none_of(DOUBLE, f"employees of {partner} that nobody ever told of", rows)


async def check_other_services(deployment: Deployment, findings: Findings) -> None:
    """Ticketing and notifications know everybody at the same version, and as registration does."""
    registered = {row["participant_id"]: row for row in await deployment.rows(_ALL_VERSIONS)}
    for service, statement in (("ticketing", _TICKETING), ("notifications", _NOTIFICATIONS)):
        known = {row["participant_id"]: row for row in await deployment.rows(statement)}
        findings.none_of(LOST, f"participants whom {service} does not know", registered.keys() - known.keys())
        behind, back = set(), set()
        for id_, row in known.items():
            if id_ not in registered:
                continue
            standing, version = registered[id_]["standing"], registered[id_]["version"]
            if row["version"] != version:
                behind.add(f"{id_} (version {row['version']} instead of {version})")
            left = row["active_until"] if service == "ticketing" else row["withdrawn_on"]
            if (standing == "erased") != row["erased"] or (standing == "withdrawn" and left is None):
                back.add(id_)
        findings.none_of(LOST, f"participants of whom {service} did not hear the last", behind)
        findings.none_of(BACK, f"participants who are not to {service} what they are to registration", back)


async def check_erased(deployment: Deployment, systems: Sequence[HrSystem], findings: Findings) -> None:
    """No name of somebody erased stands anywhere in any table."""
    gone = {mark: employee.ref for system in systems for employee in system.staff.employees for mark in _gone(employee)}
    for service in SERVICES:
        for table in await deployment.rows(_TABLES, service):
            name = f"{service}.{table['tablename']}"
            rows = await deployment.rows(_MARKS.format(table=name))
            found = {gone[mark] for mark in map(_mark, (row["mark"] for row in rows)) if mark in gone}
            findings.none_of(BACK, f"erased employees of whom {name} has a name", found)


def _mark(found: str) -> str:
    """A mark as it was given: addresses have small letters, and bytes are shown in hexadecimal."""
    return (bytes.fromhex(found).decode() if len(found) > MARK_LENGTH else found).capitalize()


def _gone(employee: Employee) -> set[str]:
    """The names that are to be nowhere: those given before an erasure, and those that were overtaken by it."""
    erased = [number for number, sent in enumerate(employee.sent) if sent.verb == "erased"]
    if not erased:
        return set()
    before = {sent.mark for sent in employee.sent[: erased[-1]] if sent.mark}
    overtaken = {sent.mark for sent in employee.sent if sent.expected == "refused" and sent.mark}
    return before | overtaken


def _wrong(employee: Employee, row: Row | None) -> str | None:
    match employee.status:
        case EmployeeStatus.UNKNOWN | EmployeeStatus.ERASED:
            return f"an employee who is {employee.status} is {row['standing']}" if row else None
        case EmployeeStatus.ENROLLED | EmployeeStatus.WITHDRAWN:
            if row is None or row["standing"] != employee.status:
                return f"an employee who is {employee.status} is {row['standing'] if row else 'unknown'}"
            return "an employee's last change is not there" if row["given_name"] != employee.mark else None
