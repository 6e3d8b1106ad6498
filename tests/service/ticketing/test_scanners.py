"""Scanners as they are: with clocks of their own, ids that start from 1 again, and keyboards that press Enter."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from culture_connect.contracts import AdmissionRecorded
from tests.service.ticketing.harness import NEXT_YEAR, Harness, arriving, scanned
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import enrolled, evening, evening_cancelled, partner, person, withdrawn

NIGHT = evening(NEXT_YEAR, capacity=2)
LATER = evening(NEXT_YEAR + timedelta(days=9), capacity=2, title="Later")
RESET, FAR_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
AT_EIGHT = NIGHT.starts_at


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture(autouse=True)
async def _tonight(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT, LATER)
    await harness.clear_outbox()


@pytest.fixture
async def code(harness: Harness) -> str:
    """Ans's."""
    return await harness.code("ans", NIGHT)


async def post(api: httpx.AsyncClient, scan: AdmissionRecorded, at: datetime = AT_EIGHT, **headers: str) -> Any:
    with arriving(at):
        answer = await api.post(
            "/admissions", json=scan.model_dump(mode="json", exclude_none=True), headers=bearer("paard") | headers
        )
    assert answer.status_code == 200, answer.text
    return answer.json()


# Clocks


@pytest.mark.parametrize("clock", [AT_EIGHT - minutes(0.5), RESET, FAR_AHEAD, AT_EIGHT - minutes(60)])
async def test_a_live_scan_of_somebody_inside_is_refused_whatever_its_clock_says(
    api: httpx.AsyncClient, harness: Harness, code: str, clock: datetime
) -> None:
    await post(api, scanned(code, NIGHT, "s1"))
    for nth in range(3):
        second = scanned(code, NIGHT, f"again-{nth}", scanner="door-0", scanned_at=clock)
        answer = await post(api, second, AT_EIGHT + minutes(nth))
        assert (answer["outcome"], answer["reason"]) == ("refused", "already-admitted")
        assert answer["first_admitted_at"] == written(AT_EIGHT)
        assert answer.get("clock") == ("implausible" if abs(clock - AT_EIGHT) > minutes(5) else None)
        assert "holder_name" not in answer
    assert await harness.counts(NIGHT) == (1, 1, 1)


@pytest.mark.parametrize("clock", [RESET, FAR_AHEAD])
async def test_who_comes_first_to_a_scanner_with_a_wrong_clock_is_in_as_of_now(
    api: httpx.AsyncClient, harness: Harness, code: str, clock: datetime
) -> None:
    first = await post(api, scanned(code, NIGHT, "s1", scanned_at=clock))
    assert (first["outcome"], first["clock"]) == ("admitted", "implausible")
    second = await post(api, scanned(code, NIGHT, "s2", 1), AT_EIGHT + minutes(1))
    assert second == {"outcome": "refused", "reason": "already-admitted", "first_admitted_at": written(AT_EIGHT)}
    [published] = [each for each in await harness.published("paard") if each.type == "ticket.admitted"]
    assert published.data["admitted_at"] == written(AT_EIGHT)


@pytest.mark.parametrize("skew", [0, 0.5, -0.5, 60, -60])
async def test_an_offline_scan_is_earlier_or_later_than_a_live_one_by_its_corrected_clock(
    api: httpx.AsyncClient, harness: Harness, code: str, skew: float
) -> None:
    await post(api, scanned(code, NIGHT, "live", 10), AT_EIGHT + minutes(10))
    flag = {"clock": "implausible"} if abs(skew) > 5 else {}
    late = await post(
        api, scanned(code, NIGHT, "late", 10.2 + skew, sent=20 + skew, offline=True), AT_EIGHT + minutes(20)
    )
    assert (
        late
        == {
            "outcome": "refused",
            "reason": "already-admitted",
            "first_admitted_at": written(AT_EIGHT + minutes(10)),
            "double_entry": True,
        }
        | flag
    )
    early = scanned(code, NIGHT, "early", 9.8 + skew, sent=20 + skew, offline=True)
    for _ in range(2):
        answer = await post(api, early, AT_EIGHT + minutes(20))
        assert answer["outcome"] == "admitted"
        assert answer["double_entry"] is True
        assert answer.get("clock") == flag.get("clock")
    published = await harness.published("paard", "admission")
    assert [each.data["scan_id"] for each in published] == ["late", "live"]
    assert published[-1].data["first_admitted_at"] == written(AT_EIGHT + minutes(9.8))
    assert await harness.counts(NIGHT) == (1, 1, 1)


async def test_a_scan_that_was_overtaken_never_gets_its_first_answer_again(
    api: httpx.AsyncClient, harness: Harness, code: str
) -> None:
    live, key = scanned(code, NIGHT, "live", 10), {"idempotency-key": "key-1"}
    assert (await post(api, live, AT_EIGHT + minutes(10), **key))["outcome"] == "admitted"
    await harness.scan(code, NIGHT, scan_id="offline", minutes=4, arrives=20, offline=True)
    again = await post(api, live, AT_EIGHT + minutes(21), **key)
    assert (again["outcome"], again["reason"], again["double_entry"]) == ("refused", "already-admitted", True)
    assert again["first_admitted_at"] == written(AT_EIGHT + minutes(4))


async def test_live_scans_that_waited_in_the_queue_are_judged_in_their_order(harness: Harness, code: str) -> None:
    first = scanned(code, NIGHT, "first", 5)
    second = scanned(code, NIGHT, "second", 4, scanner="door-0")
    offline = scanned(code, NIGHT, "offline", 6, sent=90, offline=True)
    judged = await harness.scans("paard", [first, second, offline], AT_EIGHT + minutes(90), timedelta(days=1))
    assert [each.refusal for each in judged] == [None, "already-admitted", "already-admitted"]
    assert {each.first_admitted_at for each in judged[1:]} == {AT_EIGHT + minutes(5)}
    assert not [each for each in judged if each.clock_implausible]


async def test_an_offline_scanner_of_a_batch_is_not_overruled_by_a_live_one_with_a_slow_clock(
    harness: Harness, code: str
) -> None:
    offline = scanned(code, NIGHT, "offline", 4, offline=True)
    live = scanned(code, NIGHT, "live", 3, scanner="door-0")
    judged = await harness.scans("paard", [offline, live], AT_EIGHT + minutes(4.5), timedelta(days=1))
    assert [each.refusal for each in judged] == [None, "already-admitted"]


async def test_people_who_went_in_at_a_venue_are_in_wherever_the_evening_is_now(harness: Harness, code: str) -> None:
    await harness.scan(code, NIGHT, scan_id="s1")
    await harness.rows("update evenings set venue = 'ndt' where evening_id = :id returning 1", id=NIGHT.evening_id)
    moved = await harness.scan(code, NIGHT, scan_id="s2", venue="ndt", minutes=3)
    assert (moved.refusal, moved.first_admitted_at) == ("already-admitted", AT_EIGHT)


# Ids


OTHERS = ["another code", "another evening", "another scanner", "another moment", "no code of ours"]


async def another(harness: Harness, what: str, code: str) -> AdmissionRecorded:
    match what:
        case "another code":
            return scanned(await harness.code("bo", NIGHT), NIGHT, "1")
        case "another evening":
            return scanned(code, LATER, "1")
        case "another scanner":
            return scanned(code, NIGHT, "1", scanner="door-2")
        case "another moment":
            return scanned(code, NIGHT, "1", 3)
    return scanned("a loyalty card", NIGHT, "1")


@pytest.mark.parametrize("what", OTHERS)
async def test_an_id_that_is_used_again_for_another_scan_is_refused_and_tells_nothing_of_the_first(
    api: httpx.AsyncClient, harness: Harness, code: str, what: str
) -> None:
    first = scanned(code, NIGHT, "1")
    answered = await post(api, first)
    other = await another(harness, what, code)
    for _ in range(2):
        assert await post(api, other, other.scanned_at) == {"outcome": "refused", "reason": "scan-id-reused"}
    published = await harness.published("paard", "admission")
    assert [(each.data["scan_id"], each.data["reason"]) for each in published] == [("1", "scan-id-reused")] * 2
    assert {each.data["evening_id"] for each in published} == {str(other.evening_id)}
    assert await harness.counts(NIGHT) == (1, 1, 1)
    assert await post(api, first) == answered
    assert len(await harness.rows("select 1 from scans")) == 1


@pytest.mark.parametrize("what", OTHERS)
async def test_of_two_scans_with_one_id_in_a_batch_the_second_is_refused(
    harness: Harness, code: str, what: str
) -> None:
    other = await another(harness, what, code)
    judged = await harness.scans("paard", [scanned(code, NIGHT, "1"), other, scanned(code, NIGHT, "1")])
    assert [each.refusal for each in judged] == [None, "scan-id-reused", None]
    assert judged[1].ticket_id is None
    assert [each.data["reason"] for each in await harness.published("paard", "admission")] == ["scan-id-reused"]
    assert await harness.counts(NIGHT) == (1, 1, 1)


async def test_of_scans_with_one_id_racing_with_two_codes_one_code_enters(harness: Harness, code: str) -> None:
    codes = [code, await harness.code("bo", NIGHT)]
    judged = await asyncio.gather(*(harness.scan(each, NIGHT, scan_id="1") for each in codes * 2))
    assert sorted(str(each.refusal) for each in judged) == ["None", "None", "scan-id-reused", "scan-id-reused"]
    assert await harness.counts(NIGHT) == (1, 1, 1)


async def test_two_codes_that_are_none_of_ours_under_one_id_are_two_scans(harness: Harness) -> None:
    reasons = [(await harness.scan(each, NIGHT, scan_id="1")).refusal for each in ("a card", "a ring", "a card")]
    assert reasons == ["unknown-code", "scan-id-reused", "unknown-code"]


async def test_a_live_scan_that_is_sent_again_as_an_offline_one_is_the_same_scan(harness: Harness, code: str) -> None:
    first = await harness.scan(code, NIGHT, scan_id="1")
    again = await harness.scan(code, NIGHT, scan_id="1", offline=True, sent=30, arrives=30)
    assert again == first


async def test_a_scan_of_an_earlier_release_is_known_again(harness: Harness, code: str) -> None:
    await harness.scan(code, NIGHT, scan_id="1")
    await harness.rows("update scans set code_hash = null, counted_at = null returning 1")
    assert (await harness.scan(code, NIGHT, scan_id="1")).refusal is None
    assert (await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="1")).refusal == "scan-id-reused"
    later = await harness.scan(code, NIGHT, scan_id="2", minutes=2)
    assert (later.refusal, later.first_admitted_at) == ("already-admitted", AT_EIGHT)


async def test_what_was_scanned_is_not_kept(harness: Harness, code: str) -> None:
    await harness.scan(code, NIGHT, scan_id="1")
    await harness.scan("lidmaatschap 1234567", NIGHT, scan_id="2")
    kept = str((await harness.everything())["scans"])
    assert code not in kept
    assert "1234567" not in kept


# Keyboards


@pytest.mark.parametrize(
    "read",
    [
        "{}\r\n",
        "{}\t",
        "  {} ",
        "\x02{}\x03",
        "]Q1{}",
        "\x02]Q1{}\x03\r",
        "]Q3{}\x04",
        "]d2\x1d{}",
        "\ufeff{}\u200b",
        "\u00a0{}\u3000",
        "{}\0",
        "\0]Q1 {}\n",
    ],
)
async def test_what_scanners_add_to_a_code_is_taken_off(
    api: httpx.AsyncClient, harness: Harness, code: str, read: str
) -> None:
    assert (await post(api, scanned(read.format(code), NIGHT, "s1")))["outcome"] == "admitted"
    # However it is written, it is one code.
    assert (await post(api, scanned(code, NIGHT, "s1")))["outcome"] == "admitted"
    assert await harness.counts(NIGHT) == (1, 1, 1)


async def test_a_keyboard_with_caps_lock_reads_the_same_code(harness: Harness, code: str) -> None:
    assert (await harness.scan(f"{code.swapcase()}\n", NIGHT, scan_id="s1")).refusal is None


@pytest.mark.parametrize("read", ["]Q{}", "]{}", "Q1{}", "x{}", "{}x", "\r\n", "]Q1", "]Q1]Q1{}", "{}{}"])
async def test_what_is_no_code_after_that_is_unknown(harness: Harness, code: str, read: str) -> None:
    assert (await harness.scan(read.replace("{}", code), NIGHT, scan_id="s1")).refusal == "unknown-code"


# Told after the ticket was cancelled


async def published_of_ticket(harness: Harness, ticket_id: Any) -> Sequence[tuple[str, int]]:
    published = await harness.published("paard", "ticket")
    return [(each.type, each.data["version"]) for each in published if each.data["ticket_id"] == str(ticket_id)]


async def test_who_was_let_in_before_a_withdrawal_is_recorded_and_the_seat_is_anothers(
    api: httpx.AsyncClient, harness: Harness, code: str
) -> None:
    ticket = await harness.ticket("ans", NIGHT)
    # Before the closing, so that somebody is promoted.
    harness.now = AT_EIGHT - minutes(150)
    await harness.apply(withdrawn("ans", 2, NEXT_YEAR.date()))
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued"}
    await harness.clear_outbox()
    offline = scanned(code, NIGHT, "offline", -155, sent=5, offline=True)
    expected = {
        "outcome": "admitted",
        "ticket_id": str(ticket),
        "holder_name": "Ans de Vries",
        "partner_name": "Acme",
        "cancelled_at": written(AT_EIGHT - minutes(150)),
        "cancelled_as": "withdrawn",
    }
    for _ in range(2):
        assert await post(api, offline, AT_EIGHT + minutes(5)) == expected
    # What the box office hears last is that it is cancelled, as in its list.
    assert await published_of_ticket(harness, ticket) == [("ticket.admitted", 3), ("ticket.cancelled", 4)]
    [entry, end] = await harness.published("paard", "ticket")
    assert (entry.data["admitted_at"], end.data["reason"]) == (written(AT_EIGHT - minutes(155)), "withdrawn")
    # The evening is full, and not fuller.
    assert await harness.counts(NIGHT) == (2, 0, 0)
    assert [each.type for each in await harness.published("core")] == []
    [record] = await harness.rows("select ticket_id, counted_at, refusal from scans")
    assert tuple(record) == (ticket, AT_EIGHT - minutes(155), None)
    for name in ("bo", "cas"):
        assert (await harness.scan(await harness.code(name, NIGHT), NIGHT, scan_id=name)).refusal is None
    assert await harness.counts(NIGHT) == (0, 2, 0)


async def test_who_was_let_in_before_passing_on_is_recorded_beside_the_colleague(
    api: httpx.AsyncClient, harness: Harness, code: str
) -> None:
    harness.now = AT_EIGHT - minutes(10)
    given = await harness.ticket("ans", NIGHT)
    await harness.pass_on("ans", NIGHT, "cas")
    answer = await post(api, scanned(code, NIGHT, "offline", -15, offline=True))
    assert (answer["outcome"], answer["cancelled_as"]) == ("admitted", "passed-on")
    assert (await harness.scan(await harness.code("cas", NIGHT), NIGHT, scan_id="cas")).refusal is None
    assert await published_of_ticket(harness, given) == [
        ("ticket.cancelled", 2),
        ("ticket.admitted", 3),
        ("ticket.cancelled", 4),
    ]


@pytest.mark.parametrize(("minute", "offline"), [(-15, False), (-9, True), (-10, True)])
async def test_a_cancelled_ticket_admits_nobody_live_or_later(
    harness: Harness, code: str, minute: float, offline: bool
) -> None:
    harness.now = AT_EIGHT - minutes(10)
    await harness.decline("ans", NIGHT)
    judged = await harness.scan(code, NIGHT, scan_id="s1", minutes=minute, arrives=5, offline=offline)
    assert (judged.refusal, judged.first_admitted_at) == ("cancelled", None)


async def test_a_clock_that_says_before_the_cancellation_is_corrected_first(harness: Harness, code: str) -> None:
    harness.now = AT_EIGHT - minutes(10)
    await harness.decline("ans", NIGHT)
    slow = await harness.scan(code, NIGHT, scan_id="slow", minutes=-15, sent=-10, arrives=5, offline=True)
    assert slow.refusal == "cancelled"
    fast = await harness.scan(code, NIGHT, scan_id="fast", minutes=5, sent=25, arrives=5, offline=True)
    assert fast.refusal is None
    reset = await harness.scan(code, NIGHT, scan_id="reset", scanned_at=RESET, arrives=5, offline=True)
    assert reset.refusal == "cancelled"


async def test_of_offline_scans_of_a_cancelled_ticket_the_earliest_counts(harness: Harness, code: str) -> None:
    harness.now = AT_EIGHT - minutes(10)
    await harness.apply(evening_cancelled(NIGHT, 2))
    ticket = await harness.ticket("ans", NIGHT)
    await harness.clear_outbox()
    for scan_id, minute in (("b", -15), ("c", -12), ("a", -20)):
        await harness.scan(code, NIGHT, scan_id=scan_id, minutes=minute, arrives=5, offline=True)
    rows = await harness.rows("select scan_id, refusal, double_entry from scans order by scan_id")
    assert [tuple(row) for row in rows] == [
        ("a", None, True),
        ("b", "already-admitted", True),
        ("c", "already-admitted", True),
    ]
    assert await published_of_ticket(harness, ticket) == [
        ("ticket.admitted", 3),
        ("ticket.cancelled", 4),
        ("ticket.admitted", 5),
        ("ticket.cancelled", 6),
    ]
    assert (await harness.states(NIGHT)) == {}
    live = await harness.scan(code, NIGHT, scan_id="live", minutes=5)
    assert (live.refusal, live.first_admitted_at) == ("cancelled", AT_EIGHT - minutes(20))


async def test_the_entry_of_somebody_erased_since_has_no_name(
    api: httpx.AsyncClient, harness: Harness, code: str
) -> None:
    harness.now = AT_EIGHT - minutes(10)
    await harness.decline("ans", NIGHT)
    scan = scanned(code, NIGHT, "offline", -15, offline=True)
    await post(api, scan)
    await harness.rows("update participants set holder_name = null, erased = true returning 1")
    assert (await post(api, scan))["holder_name"] == "–"
    assert json.dumps(await post(api, scan)).find(str(person("ans"))) < 0
