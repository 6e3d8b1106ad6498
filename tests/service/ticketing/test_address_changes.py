"""A corrected address: what was sent to the old one ends, and the new one hears of all that counts."""

from datetime import timedelta

import httpx
import pytest

from culture_connect.contracts import Admission, ParticipantChanged
from culture_connect.contracts.addresses import address_digest
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    evening,
    evening_cancelled,
    partner,
    person,
    withdrawn,
)
from ticketing.store import overviews, personal_pages
from ticketing.tickets.links import digest_of
from ticketing.use_cases.replay import replay

pytestmark = pytest.mark.timeout(60)

STRANGER, OWN = "ans@stranger.example", "ans@example.com"
NIGHT = evening(NEXT_YEAR, capacity=1)
ASKED = evening(NEXT_YEAR + timedelta(days=30), capacity=2, admission=Admission.ON_REQUEST)


@pytest.fixture(autouse=True)
def _a_month_before(harness: Harness) -> None:
    harness.now = MONTH_BEFORE


async def owner(harness: Harness, secret: str) -> object:
    """Returns the owner of the page that this opens."""
    async with harness.database.begin() as work:
        return await personal_pages.owner(work, digest_of(secret))


async def enrol(harness: Harness) -> None:
    """Ans has the only seat and Bo waits for it, both under wrong addresses."""
    await harness.apply(partner(), NIGHT, enrolled("ans", email=STRANGER), enrolled("bo", email="bo@stranger.example"))
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}


async def test_links_and_code_sent_to_the_old_address_end_and_the_new_one_gets_others(harness: Harness) -> None:
    await enrol(harness)
    [old_secret], old_code = await harness.secrets("ans", NIGHT), await harness.code("ans", NIGHT)
    [first] = [each for each in await harness.published("core") if each.type == "ticket.issued"]
    assert first.data["address_sha256"] == address_digest("acme", STRANGER).hex()
    await harness.clear_outbox()
    [cause] = await harness.apply(changed("ans", 2, email=OWN))

    published = await harness.published("core")
    [again] = [each for each in published if each.type == "ticket.issued"]
    assert again.correlation_id == cause.id
    assert again.data["version"] == first.data["version"] + 1
    assert again.data["address_sha256"] == address_digest("acme", OWN).hex()
    assert again.data["issued_at"] == first.data["issued_at"]
    new_code = await harness.code("ans", NIGHT)
    assert again.data["code"] == new_code != old_code
    [new_secret] = await harness.secrets("ans", NIGHT)
    assert await owner(harness, old_secret) is None
    assert await owner(harness, new_secret) == (NIGHT.evening_id, person("ans"))
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}

    assert (await harness.scan(old_code, NIGHT, scan_id="stranger")).refusal == "replaced"
    assert (await harness.scan(new_code, NIGHT, scan_id="ans")).refusal is None


async def test_the_box_office_receives_the_new_code_and_list_and_replay_say_the_same(harness: Harness) -> None:
    await enrol(harness)
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email=OWN))
    [published] = await harness.published("paard", "ticket")
    async with harness.database.begin() as work:
        [listed] = await overviews.tickets(work, NIGHT.evening_id)
        await replay(work, NIGHT.evening_id, "paard")
    *_, replayed = await harness.published("paard", "ticket")
    assert (published.type, published.data["version"], published.data["code"]) == (
        "ticket.issued",
        2,
        await harness.code("ans", NIGHT),
    )
    assert (listed.code, listed.version) == (published.data["code"], 2)
    assert replayed.data == published.data


async def test_who_waits_gets_their_place_with_another_link(harness: Harness) -> None:
    await enrol(harness)
    [old] = await harness.secrets("bo", NIGHT)
    await harness.clear_outbox()
    await harness.apply(changed("bo", 2, email="bo@example.com"))
    [published] = await harness.published()
    assert (published.type, published.data["version"], published.data["position"]) == ("ticket.waitlisted", 2, 1)
    [new] = await harness.secrets("bo", NIGHT)
    assert (await owner(harness, old), await owner(harness, new)) == (None, (NIGHT.evening_id, person("bo")))
    # A seat that comes free later is theirs as ever.
    await harness.decline("ans", NIGHT)
    assert await harness.states(NIGHT) == {"bo": "issued"}
    assert (await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="s")).refusal is None


async def test_an_open_invitation_goes_to_the_new_address_and_an_answered_one_does_not(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans", email=STRANGER), enrolled("bo", email="bo@stranger.example"), ASKED)
    [old] = await harness.secrets("ans", ASKED)
    await harness.ask("bo", ASKED)
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email=OWN), changed("bo", 2, email="bo@example.com"))
    assert [(each.type, each.data["participant_id"]) for each in await harness.published("core")] == [
        ("ticket.issued", str(person("bo"))),
        ("invitation.extended", str(person("ans"))),
    ]
    [new] = await harness.secrets("ans", ASKED)
    assert (await owner(harness, old), await owner(harness, new)) == (None, (ASKED.evening_id, person("ans")))


async def test_an_offer_in_a_strangers_mailbox_opens_nothing_and_is_made_again(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans", email=OWN), enrolled("bo", email="bo@stranger.example"), ASKED)
    await harness.ask("ans", ASKED)
    offer = await harness.offer("ans", ASKED, "bo@stranger.example")
    *_, old = await harness.secrets("bo", ASKED)
    await harness.clear_outbox()
    await harness.apply(changed("bo", 2, email="bo@example.com"))
    [again] = [each for each in await harness.published() if each.type == "ticket.offered"]
    assert again.data["offer_id"] == str(offer)
    assert again.data["address_sha256"] == address_digest("acme", "bo@example.com").hex()
    assert await owner(harness, old) is None
    assert await owner(harness, str(again.data["link"]).rpartition("/")[2]) == (ASKED.evening_id, person("bo"))
    assert (await harness.accept("bo", offer)).participant_id == person("bo")


@pytest.mark.parametrize(
    "news",
    [changed("ans", 2, email="Ans@STRANGER.example"), changed("ans", 2, family_name="Bakker", email=STRANGER)],
    ids=["spelling", "name"],
)
async def test_another_spelling_or_name_is_not_another_address(harness: Harness, news: ParticipantChanged) -> None:
    await enrol(harness)
    [secret], code = await harness.secrets("ans", NIGHT), await harness.code("ans", NIGHT)
    await harness.clear_outbox()
    await harness.apply(news)
    assert await harness.published("core") == []
    assert await owner(harness, secret) is not None
    assert await harness.code("ans", NIGHT) == code


async def test_an_internationalised_domain_is_one_address_in_either_form(harness: Harness) -> None:
    await harness.apply(partner(), NIGHT, enrolled("ans", email="ans@xn--bcher-kva.example"))
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email="ans@bücher.example"))
    assert await harness.published("core") == []


async def test_back_and_forth_each_time_the_codes_before_end(harness: Harness) -> None:
    await enrol(harness)
    codes = [await harness.code("ans", NIGHT)]
    for version, email in enumerate([OWN, STRANGER, OWN], 2):
        await harness.apply(changed("ans", version, email=email))
        codes.append(await harness.code("ans", NIGHT))
    assert len(set(codes)) == 4
    *old, new = codes
    for number, code in enumerate(old):
        assert (await harness.scan(code, NIGHT, scan_id=f"old-{number}")).refusal == "replaced"
    assert (await harness.scan(new, NIGHT, scan_id="new")).refusal is None


async def test_back_and_forth_in_one_batch_is_no_change(harness: Harness) -> None:
    await enrol(harness)
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email=OWN), changed("ans", 3, email=STRANGER))
    assert await harness.published("core") == []


async def test_a_message_that_is_overtaken_does_not_bring_the_old_address_back(harness: Harness) -> None:
    await enrol(harness)
    await harness.apply(changed("ans", 3, email=OWN))
    code = await harness.code("ans", NIGHT)
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email="ans@between.example"))
    assert await harness.published() == []
    assert await harness.code("ans", NIGHT) == code


async def test_who_comes_back_under_another_address_has_left_nothing_open_at_the_old_one(harness: Harness) -> None:
    await enrol(harness)
    [old] = await harness.secrets("ans", NIGHT)
    await harness.apply(withdrawn("ans", 2, MONTH_BEFORE.date()), enrolled("ans", version=3, email=OWN))
    assert await owner(harness, old) is None


async def test_who_is_in_stays_in_under_the_code_that_let_them_in_and_their_links_end(harness: Harness) -> None:
    await enrol(harness)
    [secret], code = await harness.secrets("ans", NIGHT), await harness.code("ans", NIGHT)
    assert (await harness.scan(code, NIGHT, scan_id="in")).refusal is None
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, email=OWN))
    assert await harness.published("core", "ticket") == []
    assert await owner(harness, secret) is None
    assert (await harness.scan(code, NIGHT, scan_id="again", minutes=1)).refusal == "already-admitted"


async def test_a_code_ends_while_the_evening_is_on_and_stays_as_it_is_once_it_is_called_off(harness: Harness) -> None:
    await enrol(harness)
    code = await harness.code("ans", NIGHT)
    harness.now = NEXT_YEAR + timedelta(minutes=30)
    await harness.apply(changed("ans", 2, email=OWN))
    assert (await harness.scan(code, NIGHT, scan_id="late", minutes=31)).refusal == "replaced"
    await harness.apply(evening_cancelled(NIGHT, 2))
    await harness.clear_outbox()
    await harness.apply(changed("ans", 3, email=STRANGER))
    assert await harness.published("core") == []


async def test_a_scanner_that_was_offline_when_the_code_ended_tells_who_went_in_before(harness: Harness) -> None:
    await enrol(harness)
    code = await harness.code("ans", NIGHT)
    harness.now = NEXT_YEAR + timedelta(minutes=30)
    await harness.apply(changed("ans", 2, email=OWN))
    after = await harness.scan(code, NIGHT, scan_id="after", minutes=31, arrives=60, offline=True)
    before = await harness.scan(code, NIGHT, scan_id="before", minutes=10, arrives=60, offline=True)
    assert (after.refusal, before.refusal) == ("replaced", None)


async def test_the_old_link_answers_as_one_that_never_was_and_does_nothing(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    await enrol(harness)
    [old] = await harness.secrets("ans", NIGHT)
    await harness.apply(changed("ans", 2, email=OWN))
    before = await harness.everything()
    form = {"ticket_id": str(await harness.ticket("ans", NIGHT))}
    for method, path in (("GET", ""), ("POST", "/decline")):
        ended, unknown = [
            await api.request(method, f"/my/{secret}{path}", data=form) for secret in (old, "nobodys-secret-at-all")
        ]
        assert (ended.status_code, ended.text) == (404, unknown.text)
    assert await harness.everything() == before


async def test_a_whole_organisation_that_moves_takes_no_more_statements_than_one_person(harness: Harness) -> None:
    big = evening(NEXT_YEAR, capacity=100)
    names = [f"p{number}" for number in range(40)]
    await harness.apply(partner(), big, *(enrolled(name, email=f"{name}@old.example") for name in names))

    async def statements(*moved: str, version: int) -> int:
        with harness.counting_statements() as made:
            await harness.apply(*(changed(name, version, email=f"{name}@{version}.new.example") for name in moved))
        return len(made)

    assert await statements(*names, version=3) <= await statements("p0", version=4) + 2
