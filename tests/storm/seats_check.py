"""During and at the end: seats are sold once, and box offices know them as they are."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.storm.box_offices import BoxOffice
from tests.storm.deployment import Deployment
from tests.storm.findings import BACK, DOUBLE, LOST, OVERSOLD, Findings
from tests.storm.participants import Guests
from tests.storm.programme import Programme

_LOOK: Final = 2.0  # seconds between two looks at what is sold
_SOLD: Final = """
    select e.evening_id::text, e.capacity, e.issued + e.admitted as counted, count(t.ticket_id) as held
    from ticketing.evenings e left join ticketing.tickets t
        on t.evening_id = e.evening_id and t.state in ('issued', 'admitted')
    group by e.evening_id having count(t.ticket_id) > e.capacity or count(t.ticket_id) <> e.issued + e.admitted
"""
_TWICE: Final = """
    select participant_id::text from ticketing.tickets where state <> 'cancelled' and participant_id is not null
    group by evening_id, participant_id having count(*) > 1
"""
_TICKETS: Final = """
    select t.ticket_id::text, t.state, t.reason, t.version, t.feed_version, e.venue, t.participant_id::text
    from ticketing.tickets t join ticketing.evenings e using (evening_id)
"""
_GONE: Final = """
    select t.ticket_id::text from ticketing.tickets t join ticketing.participants p using (participant_id)
    join ticketing.evenings e using (evening_id)
    where t.state in ('issued', 'waiting') and (p.erased or p.active_until <= e.day or e.cancelled)
"""
_SCANS: Final = "select scan_id, refusal from ticketing.scans where venue = $1"
_VERSIONS: Final = "select evening_id::text, version, cancelled from {service}.evenings where version > 0"


async def watch_sales(deployment: Deployment, findings: Findings) -> None:
    """Looks now and then whether more is sold than there is; ends when it is cancelled."""
    seen: set[str] = set()
    while True:
        for row in await deployment.rows(_SOLD):
            if row["evening_id"] not in seen:
                seen.add(row["evening_id"])
                what = f"an evening with {row['capacity']} seats has {row['held']} ({row['counted']} counted)"
                findings.add(OVERSOLD, what, [row["evening_id"]])
        await asyncio.sleep(_LOOK)


async def check_seats(deployment: Deployment, programme: Programme, guests: Guests, findings: Findings) -> None:
    """Nobody holds two places, nobody who left holds one, and what people were told is so."""
    for row in await deployment.rows(_SOLD):
        findings.add(OVERSOLD, f"in the end {row['held']} of {row['capacity']} seats are taken", [row["evening_id"]])
    findings.none_of(DOUBLE, "people with two places", [row[0] for row in await deployment.rows(_TWICE)])
    findings.none_of(BACK, "places of people who left", [row[0] for row in await deployment.rows(_GONE)])
    tickets = {row["ticket_id"]: row for row in await deployment.rows(_TICKETS)}
    told = {place["ticket_id"] for place in guests.places}
    findings.none_of(LOST, "places that somebody was told of and that are not there", told - tickets.keys())
    kept = {id_ for id_ in guests.declined if id_ not in tickets or tickets[id_]["state"] != "cancelled"}
    findings.none_of(LOST, "tickets that were given up and are still there", kept)
    for service in ("registration", "ticketing", "notifications"):
        statement = _VERSIONS.format(service=service)
        if service == "registration":
            statement = statement.replace("cancelled from", "cancelled_at is not null as cancelled from")
        known = {row["evening_id"]: (row["version"], row["cancelled"]) for row in await deployment.rows(statement)}
        wanted = {each.id: (each.version, each.cancelled) for each in programme.evenings.values()}
        wrong = {id_ for id_, told in wanted.items() if known.get(id_) != told}
        findings.none_of(LOST, f"evenings that are not to {service} what they are", wrong)
        findings.none_of(DOUBLE, f"evenings of {service} that nobody planned", known.keys() - wanted.keys())


async def check_box_offices(deployment: Deployment, offices: Sequence[BoxOffice], findings: Findings) -> None:
    """Each knows its tickets as they are, heard of every version once, and each of its scans has one verdict."""
    rows = await deployment.rows(_TICKETS)
    for office in offices:
        name, known = f"the box office of {office.venue}", office.tickets()
        mine = {row["ticket_id"]: row for row in rows if row["venue"] == office.venue and row["feed_version"] > 0}
        findings.none_of(LOST, f"tickets that {name} never heard of", mine.keys() - known.keys())
        findings.none_of(DOUBLE, f"tickets of {name} that do not exist", known.keys() - mine.keys())
        other = {id_ for id_, row in mine.items() if id_ in known and known[id_] != (row["feed_version"], row["state"])}
        findings.none_of(LOST, f"tickets that are not to {name} what they are", other)
        _check_feed(office, name, findings)
        await _check_scans(deployment, office, name, findings)


def _check_feed(office: BoxOffice, name: str, findings: Findings) -> None:
    events = Counter(
        (received.data["ticket_id"], received.data["version"])
        for received in office.reader.received.values()
        if received.type.startswith("nl.cultureconnect.ticket.")
    )
    findings.none_of(DOUBLE, f"versions of a ticket that {name} heard of in two events", _more_than_one(events))
    first: dict[str, int] = {}
    for ticket, version in events:
        first[ticket] = max(first.get(ticket, 0), version)
    gaps = {ticket for ticket, last in first.items() if any((ticket, n) not in events for n in range(1, last + 1))}
    findings.none_of(LOST, f"tickets of which {name} missed a version", gaps)


async def _check_scans(deployment: Deployment, office: BoxOffice, name: str, findings: Findings) -> None:
    verdicts = {row["scan_id"]: row["refusal"] for row in await deployment.rows(_SCANS, office.venue)}
    findings.none_of(LOST, f"scans of {name} without verdict", {*office.scanned, *office.told} - verdicts.keys())
    refused = Counter(received.data["scan_id"] for received in office.reader.of("admission.refused"))
    findings.none_of(DOUBLE, f"scans of {name} that were refused twice", _more_than_one(refused))
    silent = {id_ for id_, refusal in verdicts.items() if refusal and not refused[id_]}
    findings.none_of(LOST, f"refused scans of which {name} did not hear", silent)
    entered = {id_ for id_, answer in office.told.items() if answer["outcome"] == "admitted" and verdicts.get(id_)}
    # An earlier scan that is told later takes the place of the one that was let in; both are true.
    findings.none_of(DOUBLE, f"scans of {name} that were let in and refused", entered - refused.keys())


def _more_than_one(counts: Mapping[Any, int]) -> list[object]:
    return [each for each, count in counts.items() if count > 1]
