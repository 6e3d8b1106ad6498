"""The whole way: events of registration in, tickets at the box office and at the services out, scans back."""

import asyncio
from datetime import datetime
from uuid import uuid4

import httpx

from tests.service.ticketing.external_clients import Clients
from tests.service.ticketing.harness import NEXT_YEAR, scanned
from tests.support.probes import eventually, until
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import enrolled, evening, partner, person, withdrawn
from ticketing.use_cases.apply_events import Event

NIGHT = evening(NEXT_YEAR, capacity=2)


async def test_tickets_reach_the_box_office_and_the_services(world: Clients) -> None:
    paard = await world.box_office("paard")
    async with world.replica():
        causes = await world.publish(partner(), enrolled("ans"), enrolled("bo"), enrolled("cas"), NIGHT)
        issued = await paard.listener.receives(2, "ticket.issued")
        await world.harness.receives(1, "ticket.waitlisted")
    assert [each.type for each in paard.listener.received] == ["evening.scheduled", "ticket.issued", "ticket.issued"]
    assert sorted(each.data["holder_name"] for each in issued) == ["Ans de Vries", "Bo de Vries"]
    assert [each.type for each in world.harness.received] == ["ticket.issued", "ticket.issued", "ticket.waitlisted"]
    assert {each.correlation_id for each in issued} <= set(causes)


async def test_nothing_happens_twice_however_often_it_is_sent(world: Clients) -> None:
    paard = await world.box_office("paard")
    events: list[Event] = [partner(), enrolled("ans"), enrolled("bo"), NIGHT]
    async with world.replica():
        ids = await world.publish(*events)
        await paard.listener.receives(2, "ticket.issued")
        await world.publish(*events, ids=ids)
        await world.publish(*events)
        # What is told last is heard last: when it is here, the repetitions have been dealt with.
        await world.publish(withdrawn("ans", 2, NEXT_YEAR.date()))
        await paard.listener.receives(1, "ticket.cancelled")
    assert len(paard.listener.of("ticket.issued")) == 2
    assert len(paard.listener.of("evening.scheduled")) == 1


async def test_two_replicas_racing_for_the_last_seats_give_each_once(world: Clients) -> None:
    ten = evening(NEXT_YEAR, capacity=10)
    paard = await world.box_office("paard")
    async with world.replica() as (_, client), world.replica():
        await world.publish(partner(), ten)
        await paard.listener.receives(1, "evening.scheduled")
        await asyncio.gather(*(world.publish(enrolled(f"p{nth}")) for nth in range(60)))
        issued = await paard.listener.receives(10, "ticket.issued")
        waiting = await world.harness.receives(50, "ticket.waitlisted")
        seats = (await client.get(f"/evenings/{ten.evening_id}", headers=bearer("desk"))).json()
    assert (seats["issued"], seats["waiting"]) == (10, 50)
    assert len({each.data["ticket_id"] for each in issued}) == 10
    assert len({each.data["participant_id"] for each in waiting}) == 50


async def test_a_withdrawal_promotes_the_first_on_the_waiting_list(world: Clients) -> None:
    one = evening(NEXT_YEAR, capacity=1)
    paard = await world.box_office("paard")
    async with world.replica():
        await world.publish(partner(), one, enrolled("ans"))
        await paard.listener.receives(1, "ticket.issued")
        await world.publish(enrolled("bo"))
        await world.harness.receives(1, "ticket.waitlisted")
        await world.publish(withdrawn("ans", 2, NEXT_YEAR.date()))
        [_, second] = await paard.listener.receives(2, "ticket.issued")
        [cancelled] = await paard.listener.receives(1, "ticket.cancelled")
    assert second.data["holder_name"] == "Bo de Vries"
    assert cancelled.data["reason"] == "withdrawn"


async def test_a_scan_of_the_box_office_is_answered_on_its_feed(world: Clients) -> None:
    paard = await world.box_office("paard")
    async with world.replica() as (_, client):
        await world.publish(partner(), enrolled("ans"), NIGHT)
        [issued] = await paard.listener.receives(1, "ticket.issued")
        first = scanned(issued.data["code"], NIGHT, "scan-1")
        await paard.scan(first)
        await paard.listener.receives(1, "ticket.admitted")
        await paard.scan(first)
        await paard.scan(scanned(issued.data["code"], NIGHT, "scan-2"))
        [refused] = await paard.listener.receives(1, "admission.refused")
        [inside] = await world.harness.receives(1, "ticket.admitted")
        # The scanner counts from 1 again and reads another code; then one that was offline tells of an earlier scan.
        await paard.scan(scanned("]Q1another code\r", NIGHT, "scan-1"))
        [_, reused] = await paard.listener.receives(2, "admission.refused")
        await paard.scan(scanned(f"]Q1{issued.data['code']}\r", NIGHT, "scan-3", minutes=-9, sent=0, offline=True))
        [_, _, overtaken] = await paard.listener.receives(3, "admission.refused")
        [entered, entered_earlier] = await paard.listener.receives(2, "ticket.admitted")
        metrics = (await client.get("/metrics")).text
    assert (refused.data["scan_id"], refused.data["reason"]) == ("scan-2", "already-admitted")
    assert (reused.data["scan_id"], reused.data["reason"]) == ("scan-1", "scan-id-reused")
    assert (overtaken.data["scan_id"], overtaken.data["reason"]) == ("scan-1", "already-admitted")
    assert entered_earlier.data["admitted_at"] == overtaken.data["first_admitted_at"]
    moments = [datetime.fromisoformat(each.data["admitted_at"]) for each in (entered_earlier, entered)]
    assert moments == sorted(moments)
    counted = 'culture_connect_scans_total{clock="implausible",offline="yes",outcome="admitted",venue="paard"} 1.0'
    assert counted in metrics
    assert refused.data["first_admitted_at"] == inside.data["admitted_at"]
    assert inside.data["participant_id"] == str(person("ans"))
    assert len(paard.listener.of("ticket.admitted")) == 2


async def test_a_box_office_cannot_admit_for_another_venue(world: Clients) -> None:
    paard, ndt = await world.box_office("paard"), await world.box_office("ndt")
    async with world.replica():
        await world.publish(partner(), enrolled("ans"), NIGHT)
        [issued] = await paard.listener.receives(1, "ticket.issued")
        await ndt.scan(scanned(issued.data["code"], NIGHT, "scan-1"))
        [refused] = await ndt.listener.receives(1, "admission.refused")
    assert refused.data["reason"] == "wrong-evening"
    assert [each.type for each in paard.listener.received] == ["evening.scheduled", "ticket.issued"]


async def test_a_box_office_added_while_the_service_runs_is_heard(world: Clients) -> None:
    async with world.replica():
        await world.publish(partner(), enrolled("ans"))
        paard = await world.box_office("paard")
        await world.publish(NIGHT)
        [issued] = await paard.listener.receives(1, "ticket.issued")
        await paard.scan(scanned(issued.data["code"], NIGHT, "scan-1"))
        await paard.listener.receives(1, "ticket.admitted")


async def test_a_scan_that_cannot_be_read_becomes_a_dead_letter_and_stops_nothing(world: Clients) -> None:
    paard = await world.box_office("paard")
    async with world.replica():
        await world.publish(partner(), enrolled("ans"), NIGHT)
        [issued] = await paard.listener.receives(1, "ticket.issued")
        unreadable = str(uuid4())
        await paard.send(b"not json", message_id=unreadable)
        await paard.scan(scanned(issued.data["code"], NIGHT, "scan-1"))
        await paard.listener.receives(1, "ticket.admitted")
        dead = await until(lambda: world.dead_letters("edge"), bool, "a dead letter")
    assert dead == [unreadable]


async def test_a_ready_replica_says_so_and_describes_itself(world: Clients) -> None:
    async with world.replica() as (_, client):
        await eventually(lambda: _status(client, "/health/ready"), 200, "readiness")
        asyncapi = (await client.get("/asyncapi.json")).json()
        assert "nl.cultureconnect.ticket.issued.v1" in str(asyncapi)
        for document in ("/openapi.json", "/metrics", "/.well-known/jwks.json"):
            assert await _status(client, document) == 200


async def _status(client: httpx.AsyncClient, path: str) -> int:
    return (await client.get(path)).status_code
