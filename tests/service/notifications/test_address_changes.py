"""A corrected address: the new one gets all that counts, with new links, in one letter; the old one gets no more."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import (
    CancellationReason,
    InvitationExtended,
    ParticipantChanged,
    TicketIssued,
    TicketOffered,
)
from culture_connect.contracts.addresses import address_digest
from tests.service.notifications.harness import Harness, enrolled, evening, gone, issued, known, running, ticket_of
from tests.support.probes import eventually
from tests.unit.notifications.builders import EVENING

pytestmark = pytest.mark.timeout(90)

PATIENT = {"mail_welcome_seconds": 3600, "mail_ticket_seconds": 3600, "mail_change_seconds": 3600}
STRANGER, OWN = "zoe@stranger.example", "zoe@acme.example"


@pytest.fixture
async def harness(world: Harness) -> AsyncIterator[Harness]:
    """A replica whose letters on arrival wait until a test ends their patience."""
    async with running(world.settings.model_copy(update=PATIENT)) as world.api:
        yield world


async def marker(harness: Harness, mails: int) -> None:
    """Sends an invitation to somebody else, and waits until there are so many mails in all with it."""
    other = uuid4()
    link = "https://mijn.cultureconnect.example/my/marker"
    invitation = InvitationExtended(participant_id=other, evening_id=EVENING, link=link)
    await harness.tell(known(other, email=f"marker-{other.hex}@acme.example"), invitation)
    await harness.until_mailed(mails)
    assert f"marker-{other.hex}@acme.example" in harness.mail_server.recipients


def corrected(participant: UUID, version: int, email: str = OWN) -> ParticipantChanged:
    """The same person with another address."""
    return known(participant, version=version, email=email)


def ticket(participant: UUID, version: int, email: str) -> TicketIssued:
    """Their ticket as it is told for this address; each version has a link and a code of its own."""
    return issued(participant, version=version).model_copy(
        update={
            "link": f"https://mijn.cultureconnect.example/my/secret-{version}",
            "code": f"code-{version}",
            "address_sha256": address_digest("acme", email).hex(),
        }
    )


async def welcomed(harness: Harness) -> UUID:
    """Somebody whose welcome and ticket went to a stranger."""
    participant = uuid4()
    await harness.tell(evening(), ticket(participant, 1, STRANGER), enrolled(participant, email=STRANGER))
    await harness.until_planned(1, participant_id=participant, kind="welcome")
    await harness.due_now("ticket-issued")
    await harness.until_state(participant, "welcome", "sent")
    await harness.until_mailed(1)
    return participant


async def test_the_new_address_gets_welcome_and_ticket_in_one_letter(harness: Harness) -> None:
    participant = await welcomed(harness)
    await harness.tell(corrected(participant, 2), ticket(participant, 2, OWN))
    await until_waiting(harness, participant, "ticket-issued", "welcome")
    await harness.due_now("ticket-issued")
    await harness.until_mailed(2)
    assert harness.mail_server.recipients == [STRANGER, OWN]

    async def sent() -> list[str]:
        return sorted(each["kind"] for each in await harness.letters(participant_id=participant, state="sent"))

    await eventually(sent, ["ticket-issued", "ticket-issued", "welcome", "welcome"], "letters sent", timeout=20)


async def test_a_letter_with_links_for_the_old_address_is_not_resent_to_the_new_one(harness: Harness) -> None:
    participant = await welcomed(harness)
    [letter] = await harness.letters(participant_id=participant, kind="ticket-issued")
    await harness.tell(corrected(participant, 2))
    await harness.until_known(participant, 2)
    refused = await harness.api.post(f"/letters/{letter['letter_id']}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-sent-moved")
    assert refused.json()["detail"] == "The reason: it was for another address than the addressee has now."


async def until_waiting(harness: Harness, participant: UUID, *kinds: str) -> None:
    """Waits until letters of just these kinds are planned, beside reminders."""

    async def waiting() -> list[str]:
        found = await harness.letters(participant_id=participant, state="planned", limit="200")
        return sorted(each["kind"] for each in found if not each["kind"].startswith("reminder"))

    await eventually(waiting, sorted(kinds), "letters that wait", timeout=20)


async def test_to_and_fro_costs_one_letter(harness: Harness) -> None:
    participant = await welcomed(harness)
    for version in range(2, 12):
        email = OWN if version % 2 == 0 else STRANGER
        await harness.tell(corrected(participant, version, email), ticket(participant, version, email))
    await harness.until_known(participant, 11)
    await harness.tell(corrected(participant, 12), ticket(participant, 12, OWN))
    await harness.until_known(participant, 12)
    await until_version(harness, participant, 12)
    await until_waiting(harness, participant, "ticket-issued", "welcome")
    await harness.due_now("ticket-issued")
    await harness.until_mailed(2)
    await marker(harness, mails=3)
    assert harness.mail_server.recipients[:2] == [STRANGER, OWN]


async def until_version(harness: Harness, participant: UUID, version: int) -> None:
    """Waits until this version of the ticket was told."""

    async def told() -> int:
        [(found,)] = await harness.rows("select version from tickets where ticket_id = $1", ticket_of(participant))
        return int(found)

    await eventually(told, version, "version of the ticket", timeout=20)


async def test_a_ticket_for_the_new_address_never_goes_to_the_old_one_whichever_is_told_first(harness: Harness) -> None:
    participant = await welcomed(harness)
    await harness.tell(ticket(participant, 2, OWN))
    await until_version(harness, participant, 2)
    await harness.due_now("ticket-issued")
    await marker(harness, mails=2)
    assert (await harness.rows(WAITING, participant))[0]["reason"] == "moved"
    await harness.tell(corrected(participant, 2))
    await harness.until_known(participant, 2)
    await until_waiting(harness, participant, "ticket-issued", "welcome")
    await harness.due_now("ticket-issued")
    await harness.until_mailed(3)
    assert [each for each in harness.mail_server.recipients if "marker" not in each] == [STRANGER, OWN]


WAITING = "select reason from letters where participant_id = $1 and state = 'planned' and kind = 'ticket-issued'"


async def test_a_letter_that_waits_goes_to_the_new_address_only_once_its_links_are_for_it(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant, email=STRANGER), ticket(participant, 1, STRANGER))
    await until_waiting(harness, participant, "ticket-issued")
    await harness.tell(corrected(participant, 2))
    await harness.until_known(participant, 2)
    await harness.due_now("ticket-issued")
    await marker(harness, mails=1)
    await harness.tell(ticket(participant, 2, OWN))
    await until_version(harness, participant, 2)
    await harness.due_now("ticket-issued")
    await harness.until_mailed(2)
    assert [each for each in harness.mail_server.recipients if "marker" not in each] == [OWN]


async def test_another_spelling_or_name_is_not_written_about(harness: Harness) -> None:
    participant = await welcomed(harness)
    [(secret,)] = await harness.rows("select unsubscribe from contacts where participant_id = $1", participant)
    await harness.tell(
        known(participant, version=2, email="Zoe@STRANGER.example"),
        known(participant, version=3, email=STRANGER, family_name="Jansen"),
    )
    await harness.until_known(participant, 3)
    await until_waiting(harness, participant)
    assert await harness.rows("select unsubscribe from contacts where participant_id = $1", participant) == [(secret,)]


async def test_the_link_to_switch_letters_off_ends_with_the_address(harness: Harness) -> None:
    participant = await welcomed(harness)
    [(secret,)] = await harness.rows("select unsubscribe from contacts where participant_id = $1", participant)
    assert (await harness.api.get(f"/unsubscribe/{secret}")).status_code == 200
    await harness.tell(corrected(participant, 2))
    await harness.until_known(participant, 2)
    ended, unknown = await harness.api.get(f"/unsubscribe/{secret}"), await harness.api.get(f"/unsubscribe/{uuid4()}")
    assert (ended.status_code, ended.text) == (404, unknown.text)
    [(now,)] = await harness.rows("select unsubscribe from contacts where participant_id = $1", participant)
    assert now not in (None, secret)


async def test_a_mail_that_was_written_for_the_old_address_does_not_go_there_any_more(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.to = lambda address: "450 4.2.1 later" if address == STRANGER else "250 OK"
    await harness.tell(evening(), known(participant, email=STRANGER), ticket(participant, 1, STRANGER))
    await until_waiting(harness, participant, "ticket-issued")
    # As a server leaves it that broke off when it had the whole mail.
    await harness.rows(
        "update letters set mail_id = letter_id, written_at = now(), state = 'sending', claim = gen_random_uuid(),"
        " contents = '{}', due_at = now() + interval '1 hour' where participant_id = $1 and kind = 'ticket-issued'",
        participant,
    )
    await harness.tell(corrected(participant, 2), ticket(participant, 2, OWN))
    await until_waiting(harness, participant, "ticket-issued")
    [(reason,)] = await harness.rows(
        "select reason from letters where participant_id = $1 and mail_id is not null", participant
    )
    assert reason in ("moved", "overtaken")
    await harness.due_now("ticket-issued")
    await harness.until_mailed(1)
    assert harness.mail_server.recipients == [OWN]


async def test_news_that_was_on_its_way_to_the_old_address_is_written_again(harness: Harness) -> None:
    participant = await welcomed(harness)
    await harness.tell(gone(participant, CancellationReason.REVOKED))
    await until_waiting(harness, participant, "ticket-cancelled")
    await harness.rows(
        "update letters set mail_id = letter_id, written_at = now(), state = 'sending', claim = gen_random_uuid(),"
        " contents = '{}', due_at = now() + interval '1 hour' where participant_id = $1 and kind = 'ticket-cancelled'",
        participant,
    )
    await harness.tell(corrected(participant, 2))
    await until_waiting(harness, participant, "ticket-cancelled", "welcome")


async def test_invitations_and_offers_are_asked_anew_and_the_old_questions_are_forgotten(harness: Harness) -> None:
    participant, holder = uuid4(), uuid4()
    offer = uuid4()

    def invitation(email: str, link: str) -> InvitationExtended:
        return InvitationExtended(
            participant_id=participant,
            evening_id=EVENING,
            link=link,
            address_sha256=address_digest("acme", email).hex(),
        )

    def offered(email: str, link: str) -> TicketOffered:
        return TicketOffered(
            offer_id=offer,
            ticket_id=ticket_of(holder),
            participant_id=participant,
            holder_id=holder,
            evening_id=EVENING,
            link=link,
            address_sha256=address_digest("acme", email).hex(),
        )

    old, new = (f"https://mijn.cultureconnect.example/my/{each}" for each in ("old", "new"))
    await harness.tell(
        evening(), known(participant, email=STRANGER), known(holder), invitation(STRANGER, old), offered(STRANGER, old)
    )
    await harness.until_mailed(2)
    await harness.tell(corrected(participant, 2))
    await harness.until_known(participant, 2)
    await harness.tell(invitation(OWN, new), offered(OWN, new))
    await harness.until_mailed(4)
    assert sorted(harness.mail_server.recipients) == sorted([STRANGER, STRANGER, OWN, OWN])
    links = await harness.rows("select details ->> 'link' as link from letters where participant_id = $1", participant)
    assert sorted(str(each["link"]) for each in links) == sorted(["None", "None", new, new])
    # An offer that is told once more by the same words is one letter.
    await harness.tell(offered(OWN, new))
    await marker(harness, mails=5)
