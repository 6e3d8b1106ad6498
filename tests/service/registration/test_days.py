"""Daily work: terms end on their day, people are forgotten after their retention."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from culture_connect.contracts import EnrolmentRequested, local_day
from registration.app import build_app
from registration.domain.calendar import kept_after
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones
from registration.use_cases.decide_enrolments import decide_enrolments
from tests.service.registration.conftest import running
from tests.service.registration.daily_job import Clocks, begin_of
from tests.service.registration.files import standings, told, waiting_for_locks
from tests.service.registration.harness import Connect, Harness, person
from tests.support.probes import until

TODAY = local_day(datetime.now(UTC))
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
LAST_DAY = TODAY + 3 * DAY


async def withdraw(harness: Harness, employee_ref: str, effective_on: date | None = None) -> None:
    """Withdraws an employee of acme over HTTP."""
    body = {"effective_on": effective_on.isoformat()} if effective_on else {}
    answer = await harness.api.post(f"/partners/acme/participants/{employee_ref}/withdraw", json=body)
    assert answer.status_code == 200, answer.text


async def withdrawals(harness: Harness) -> list[tuple[str, str, int]]:
    """Returns who was told to be withdrawn so far, from which day on, and with which version."""
    refs = {each["participant_id"]: each["employee_ref"] for each in await harness.participants("acme")}
    events = [event for event in await told(harness) if event.type == "participant.withdrawn"]
    return [(refs[each.data["participant_id"]], each.data["effective_on"], each.data["version"]) for each in events]


async def test_terms_end_at_midnight_in_the_hague(harness: Harness, clocks: Clocks) -> None:
    await harness.register("acme", places=4)
    await harness.enrol("acme", "stays")
    await harness.enrol("acme", "leaves")
    await withdraw(harness, "leaves", LAST_DAY + DAY)
    await harness.enrol("acme", "ends", ends_on=LAST_DAY.isoformat())
    await harness.enrol("acme", "ends-first", ends_on=LAST_DAY.isoformat())
    await withdraw(harness, "ends-first", LAST_DAY + 9 * DAY)
    before = await withdrawals(harness)
    everybody = await standings(harness)

    await clocks.look(begin_of(LAST_DAY + DAY) - MOMENT)
    assert (await standings(harness), await withdrawals(harness)) == (everybody, before)
    await clocks.look(begin_of(LAST_DAY + DAY))
    assert await standings(harness) == {
        "stays": "enrolled",
        "leaves": "withdrawn",
        "ends": "withdrawn",
        "ends-first": "withdrawn",
    }
    # The day of "leaves" was told when it was announced, and is not told again.
    the_day_after = (LAST_DAY + DAY).isoformat()
    assert sorted((await withdrawals(harness))[len(before) :]) == [
        ("ends", the_day_after, 2),
        ("ends-first", the_day_after, 3),
    ]
    people = {each["employee_ref"]: each for each in await harness.participants("acme")}
    assert {ref: (each["leaves_on"], each["version"]) for ref, each in people.items()} == {
        "stays": (None, 1),
        "leaves": (the_day_after, 2),
        "ends": (the_day_after, 2),
        "ends-first": (the_day_after, 3),
    }
    assert (await harness.api.get("/partners/acme")).json()["active"] == 1
    await clocks.look(begin_of(LAST_DAY + 20 * DAY))
    assert len(await withdrawals(harness)) == len(before) + 2


async def test_two_replicas_that_look_at_once_do_it_once(
    harness: Harness, clocks: Clocks, settings: RegistrationSettings
) -> None:
    for slug in ("acme", "zeebank"):
        await harness.register(slug)
        for number in range(20):
            await harness.enrol(slug, f"e-{number}", ends_on=LAST_DAY.isoformat())
    async with Clocks.of(settings) as other:
        await asyncio.gather(*(each.look(begin_of(LAST_DAY + DAY)) for each in (clocks, other) * 4))
    ended = [event for event in await told(harness) if event.type == "participant.withdrawn"]
    assert len({event.data["participant_id"] for event in ended}) == len(ended) == 40
    assert {event.data["version"] for event in ended} == {2}
    for slug in ("acme", "zeebank"):
        assert set((await standings(harness, slug)).values()) == {"withdrawn"}


async def test_what_became_due_while_nobody_looked_is_done_at_the_next_look(
    settings: RegistrationSettings, clocks: Clocks
) -> None:
    async def people(replica: Any) -> dict[str, tuple[str, str, int]]:
        items = (await replica.get("/partners/acme/participants")).json()["items"]
        return {each["employee_ref"]: (each["standing"], each["leaves_on"], each["version"]) for each in items}

    async with running(build_app(settings)) as replica:
        await replica.post("/partners", json={"slug": "acme", "name": "Acme", "places": 5, "language": "nl"})
        for ref in ("ends", "leaves", "stays"):
            await replica.post("/partners/acme/enrolments", json=person(ref))
    long_ago, yesterday = TODAY - 40 * DAY, TODAY - DAY
    await clocks.execute("update participants set ends_on = :day where employee_ref = 'ends'", day=long_ago)
    await clocks.execute("update participants set leaves_on = :day where employee_ref = 'leaves'", day=yesterday)
    async with running(build_app(settings)) as replica:
        await until(
            lambda: people(replica),
            lambda found: (
                found
                == {
                    "ends": ("withdrawn", (long_ago + DAY).isoformat(), 2),
                    "leaves": ("withdrawn", yesterday.isoformat(), 1),
                    "stays": ("enrolled", None, 1),
                }
            ),
            "terms that ended while no replica ran",
        )


async def test_who_took_part_long_ago_is_erased_like_anybody_else(
    harness: Harness, clocks: Clocks, connect: Connect
) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    last, newest = kept_after(TODAY, 12), kept_after(TODAY, 0)
    refs = ("old", "older", "season-after", "recent")
    ids = {ref: (await harness.enrol("acme", ref))["participant_id"] for ref in (*refs, "enrolled")}
    for ref in refs:
        await withdraw(harness, ref)
    left = {"old": last + DAY, "older": last - 400 * DAY, "season-after": last + 2 * DAY, "recent": newest + 2 * DAY}
    for ref, day in left.items():
        await clocks.execute("update participants set leaves_on = :day where employee_ref = :ref", day=day, ref=ref)
    before = await told(harness)

    look = await clocks.look(retention_months=12)
    assert look.still_open == 2
    assert set(await standings(harness)) == {"season-after", "recent", "enrolled"}
    erased = (await told(harness))[len(before) :]
    assert [event.type for event in erased] == ["participant.erased"] * 2
    assert {event.data["participant_id"] for event in erased} == {ids["old"], ids["older"]}
    assert {(event.key, event.data["version"]) for event in erased} == {("participant.erased.acme", 3)}
    for ref in ("old", "older"):
        answer = (await harness.api.get(f"/erasures/{ids[ref]}")).json()
        assert [each["completed_at"] for each in answer["services"]] == [None, None]
    late = datetime.now(UTC) - timedelta(hours=1)
    assert await acme.outcome(await acme.send("enrolment.requested", person("old"), timestamp=late)) == "erased_since"
    assert await acme.outcome(await acme.enrol("old")) == "enrolled"

    # Longer memories and shorter ones.
    assert (await clocks.look(retention_months=120)).still_open == 2
    assert (await clocks.look(retention_months=0)).still_open == 3
    assert set(await standings(harness)) == {"recent", "enrolled", "old"}


async def test_people_enrolled_under_a_contract_that_ended_long_ago_are_forgotten(
    harness: Harness, clocks: Clocks
) -> None:
    last = kept_after(TODAY, 12)
    for slug in ("acme", "zeebank"):
        await harness.register(slug)
        for ref in ("e-1", "e-2"):
            await harness.enrol(slug, ref)
    await withdraw(harness, "e-2")
    for slug, day in [("acme", last), ("zeebank", last + DAY)]:
        sql = "update partners set starts_on = :day, ends_on = :day where slug = :slug"
        await clocks.execute(sql, day=day, slug=slug)
    assert (await clocks.look(retention_months=12)).still_open == 2
    assert (await standings(harness), await standings(harness, "zeebank")) == (
        {},
        {"e-1": "enrolled", "e-2": "enrolled"},
    )
    assert (await harness.api.get("/partners/acme")).json()["active"] == 0
    assert (await clocks.look(retention_months=12)).still_open == 2


async def test_who_comes_back_while_the_clock_looks_is_not_forgotten(
    harness: Harness, clocks: Clocks, settings: RegistrationSettings
) -> None:
    await harness.register("acme")
    await harness.enrol("acme", "e-1")
    await withdraw(harness, "e-1")
    await clocks.execute("update participants set leaves_on = :day", day=kept_after(TODAY, 12))
    tombstones = Tombstones(bytes.fromhex(settings.tombstone_key))
    back = EnrolmentRequested.model_validate(person("e-1"))
    async with clocks.database.begin() as work:
        await decide_enrolments(work, tombstones, "acme", [(back, None)])
        looking = asyncio.create_task(clocks.look())
        await until(lambda: waiting_for_locks(clocks.database, "select slug"), bool, "the clock to want the partner")
    await looking
    assert await standings(harness) == {"e-1": "enrolled"}
