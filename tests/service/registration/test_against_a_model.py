"""Registration does what the contract says, whatever HR sends, in whatever order and how often.

The real reader, group commit, handlers and clock on a real database, beside a model that takes one message at a time.
`HYPOTHESIS_EXAMPLES=1000` tries so many stories, other ones each time.
"""

import asyncio
import json
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from sqlalchemy import text

from tests.service.registration.harness import PREFIX
from tests.service.registration.intake import DatabaseAt, Registration
from tests.service.registration.model import ADDRESSES, Model, Post
from tests.service.registration.scenarios import BEGIN, STORIES, Again, Batch, New, Sender, Story
from tests.support.databases import Databases

EXAMPLES = os.environ.get("HYPOTHESIS_EXAMPLES")
NEIGHBOUR = "neighbour"
REUSED = "message_id_reused"
_NEVER = {"1969-12-31"}  # HR sends a day of birth sometimes, which is nothing to us
SERVICES = {"ticketing", "notifications"}

EVERY_ANSWER = {
    *("enrolled", "changed", "unchanged", "withdrawn", "erased", "scheduled"),
    *("no_places_left", "email_in_use", "contract_ended", "starts_after_contract", "already_over"),
    *("unknown_employee", "erased_since", "superseded", REUSED),
    *("before_start", "missing", "not_a_date", "not_an_object", "not_json", "unknown_type"),
}

# Where something of the partner `:slug` stands. What waits in the outbox is on its way to those who are told to forget.
_PEOPLE = "participant_id in (select participant_id from participants where partner = :slug)"
_OF_A_PARTNER = {
    "tombstones": f"participant_id is null or {_PEOPLE}",
    "erasures": _PEOPLE,
    "participants": "partner = :slug",
    "partners": "slug = :slug",
    "inbox": ":slug <> ''",
    "idempotency_keys": ":slug <> ''",
}
_OF_NOBODY = {"evenings", "refusals", "venues", "outbox", "outbox_lanes", "leases", "retries", "alembic_version"}

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One event loop for all stories, so that they share connections."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def registration(databases: Databases, loop: asyncio.Runner) -> Iterator[Registration]:
    """Registration, with a partner that employs namesakes of everybody: nothing may ever happen to these."""
    made = databases.create(migrated=["registration"])
    database = DatabaseAt(made.url("registration"), schema="registration")
    registration = Registration(database)
    loop.run(_settle_neighbours(registration))
    yield registration
    loop.run(database.close())
    databases.drop(made)


@pytest.mark.timeout(60 + int(EXAMPLES or 0))
def test_whatever_hr_sends_has_the_effects_of_the_contract(registration: Registration, loop: asyncio.Runner) -> None:
    answers: set[str] = set()

    @settings(
        deadline=None,
        max_examples=int(EXAMPLES or 100),
        derandomize=EXAMPLES is None,
        database=None,
        print_blob=True,
        # Only to make a story shorter that failed, which takes minutes: with HYPOTHESIS_EXAMPLES.
        phases=set(Phase) if EXAMPLES else {Phase.explicit, Phase.generate},
    )
    @given(story=STORIES)
    def everything_agrees(story: Story) -> None:
        answers.update(loop.run(_play(registration, story)))

    everything_agrees()
    assert answers == EVERY_ANSWER  # or there are things that these stories tell nothing about


def test_a_repetition_that_arrives_behind_an_impostor_is_still_a_repetition(
    registration: Registration, loop: asyncio.Runner
) -> None:
    withdrawal = New(Post("", "enrolment.withdrawn", {"employee_ref": "PN-101"}), None)
    id_conflict, repetition = Again(1, "another under its id"), Again(2, "as it was")
    batches = [Batch([withdrawal], 7, timedelta()), Batch([id_conflict, repetition], 7, timedelta())]
    answers = loop.run(_play(registration, Story(1, date(2100, 8, 31), [*batches])))
    assert answers == {"unknown_employee", REUSED}


async def _play(registration: Registration, story: Story) -> set[str]:
    """Plays a story and compares everything; returns the outcomes and codes that there were."""
    registration.database.now = BEGIN
    neighbours = await registration.participants(NEIGHBOUR)
    model = Model(places=story.places, contract_ends_on=story.contract_ends_on)
    async with _partner(registration, story) as slug:
        sent = await _tell(registration, model, slug, story)
        out = await registration.rows(
            "select vhost, exchange, routing_key, headers, correlation_id, convert_from(body, 'UTF8') as body"
            " from outbox where routing_key = :slug or routing_key like 'participant.%.' || :slug order by id",
            slug=slug,
        )
        ids = _compare_receipts(out, model, slug, {post.id for post in sent})
        _compare_events(out, model, slug, ids)
        await _compare_people(registration, model, slug, ids)
        await _compare_what_is_kept(registration, model, slug, ids, sent)
    assert await registration.participants(NEIGHBOUR) == neighbours
    codes = {code for receipt in model.receipts for _, code in receipt.get("errors", ())}
    return codes | {receipt["outcome"] for receipt in model.receipts if "outcome" in receipt}


async def _tell(registration: Registration, model: Model, slug: str, story: Story) -> list[Post]:
    """Everything of the story happens to registration and to the model; returns all that was sent."""
    database, hr = registration.database, Sender()
    for part in story.parts:
        database.now += part.takes
        model.turn_to(database.now)
        if isinstance(part, Batch):
            posts = hr.posts(part.messages, database.now)
            await registration.intake(slug, part.largest).take(posts)
            for post in posts:
                model.take(post)
        elif part.looked_at:
            await registration.clock.look()
            model.forget()
    await registration.clock.look()
    model.forget()
    return hr.sent


def _compare_receipts(out: Rows, model: Model, slug: str, sent: set[str]) -> dict[int, str]:
    """Every message has its receipt; returns the participant ids of the model's numbers."""
    rows = [row for row in out if row["exchange"] == "receipts"]
    receipts = [_receipt(row) for row in rows]
    assert {(row["vhost"], row["routing_key"]) for row in rows} <= {("edge", slug)}
    assert [row["correlation_id"] for row in rows] == [each["message_id"] for each in receipts]
    answered = Counter(each["message_id"] for each in receipts if ("message_id", REUSED) not in each["errors"])
    assert answered == Counter(sent)

    numbers = {each["message_id"]: each["number"] for each in model.receipts if "number" in each}
    about = {each["message_id"]: each["participant_id"] for each in receipts if each["participant_id"]}
    ids = {numbers[message_id]: about[message_id] for message_id in numbers.keys() & about.keys()}
    expected = [
        {
            "message_id": each["message_id"],
            "employee_ref": each["employee_ref"],
            "outcome": each.get("outcome"),
            "participant_id": ids.get(each.get("number", -1)),
            "errors": each.get("errors", set()),
        }
        for each in model.receipts
    ]
    assert _in_order(receipts) == _in_order(expected)
    assert len(set(ids.values())) == len(ids)
    return ids


def _receipt(row: dict[str, Any]) -> dict[str, Any]:
    data = json.loads(row["body"])
    kind = "accepted" if "outcome" in data else "refused"
    assert row["headers"]["ce-type"] == f"{PREFIX}enrolment.{kind}.v1"
    return {
        "message_id": data["message_id"],
        "employee_ref": data["employee_ref"],
        "outcome": data.get("outcome"),
        "participant_id": data.get("participant_id"),
        "errors": {(error["field"], error["code"]) for error in data.get("errors", [])},
    }


def _compare_events(out: Rows, model: Model, slug: str, ids: dict[int, str]) -> None:
    """The other services hear of every change, of each person in order and without gaps."""
    told: dict[str, Rows] = {participant_id: [] for participant_id in ids.values()}
    for row in out:
        if row["exchange"] == "events":
            event = json.loads(row["body"])
            type_ = row["headers"]["ce-type"].removeprefix(PREFIX).removesuffix(".v1")
            assert (row["vhost"], row["routing_key"]) == ("core", f"{type_}.{slug}")
            assert row["headers"]["ce-subject"] == event["participant_id"]
            told[event["participant_id"]].append({"type": type_, "cause": row["correlation_id"], **event})
    expected: dict[str, Rows] = {participant_id: [] for participant_id in ids.values()}
    for each in model.events:
        event = {name: value for name, value in each.items() if name != "number"}
        of_partner = {} if each["type"] == "participant.erased" else {"partner": slug}
        participant_id = ids[each["number"]]
        expected[participant_id].append(_json({**event, "participant_id": participant_id, **of_partner}))
    assert told == expected
    for events in told.values():
        assert [event["version"] for event in events] == list(range(1, len(events) + 1))


async def _compare_people(registration: Registration, model: Model, slug: str, ids: dict[int, str]) -> None:
    """The API shows those whom the model knows, and as many are active as are enrolled."""
    shown = await registration.participants(slug)
    expected = [
        {name: value for name, value in person.items() if name not in ("number", "mailbox", "last")}
        | {"participant_id": ids[person["number"]]}
        for person in model.people.values()
    ]
    assert _in_order(shown) == _in_order(map(_json, expected))
    [partner] = await registration.rows("select active, places from partners where slug = :slug", slug=slug)
    assert partner["active"] == sum(each["standing"] == "enrolled" for each in shown) <= partner["places"]


async def _compare_what_is_kept(
    registration: Registration, model: Model, slug: str, ids: dict[int, str], sent: list[Post]
) -> None:
    """Of the erased their ids, and that the services were told; of others nothing that they did not say last."""
    tables = await registration.rows(
        "select table_name from information_schema.tables where table_schema = 'registration'"
    )
    assert {each["table_name"] for each in tables} == _OF_A_PARTNER.keys() | _OF_NOBODY
    kept = ""
    for table, where in _OF_A_PARTNER.items():
        rows = await registration.rows(f"select cast(row as text) as row from {table} as row where {where}", slug=slug)  # noqa: S608
        kept += "".join(row["row"] for row in rows).lower()
    for personal in _personal(post.data for post in sent) - (_personal(model.people.values()) - _NEVER):
        assert personal not in kept
    erasures = await registration.rows(
        f"select cast(participant_id as text) as id, service from erasures where {_PEOPLE}",  # noqa: S608
        slug=slug,
    )
    erased = {ids[each["number"]] for each in model.events if each["type"] == "participant.erased"}
    assert {(row["id"], row["service"]) for row in erasures} == {(each, name) for each in erased for name in SERVICES}


def _personal(said: Iterable[dict[str, Any]]) -> set[str]:
    """Returns what people could be known by in these messages or views, in lower case."""
    found = set(_NEVER)
    for data in said:
        email = ADDRESSES.get(data.get("email", ""), (data.get("email", ""),))[0]
        names = (data.get(name, "") for name in ("employee_ref", "given_name", "family_name"))
        found |= {value.strip().lower() for value in (*names, email)}
    return found - {""}


@asynccontextmanager
async def _partner(registration: Registration, story: Story) -> AsyncIterator[str]:
    """A new partner for this story, without a trace afterwards."""
    slug = f"partner-{secrets.token_hex(4)}"
    await registration.register(slug, story.places, story.contract_ends_on)
    try:
        yield slug
    finally:
        async with registration.database.begin() as work:
            for table, where in _OF_A_PARTNER.items():
                await work.execute(text(f"delete from {table} where {where}"), {"slug": slug})  # noqa: S608 - constants
            await work.execute(text("delete from outbox"))


async def _settle_neighbours(registration: Registration) -> None:
    registration.database.now = BEGIN
    await registration.register(NEIGHBOUR, len(ADDRESSES), date(2100, 8, 31))
    mailboxes = {mailbox: address for address, mailbox in ADDRESSES.values()}
    posts = [
        Post(
            f"neighbour-{number}",
            "enrolment.requested",
            {"employee_ref": f"PN-{number}", "given_name": "Wieteke", "family_name": "Zandstra", "email": address},
        )
        for number, address in enumerate(mailboxes.values(), 101)
    ]
    await registration.intake(NEIGHBOUR, 100).take(posts)
    assert len(await registration.participants(NEIGHBOUR)) == len(mailboxes)


def _json(data: dict[str, Any]) -> dict[str, Any]:
    """With days as JSON has them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()}


def _in_order(dicts: Iterable[dict[str, Any]]) -> Rows:
    return sorted(dicts, key=lambda each: sorted((name, str(value)) for name, value in each.items()))
