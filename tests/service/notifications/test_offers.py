"""A colleague who is offered a ticket is asked once, and only as long as there is something to be had."""

from itertools import permutations
from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import CancellationReason, Language, Message, ParticipantErased
from tests.service.notifications.harness import Harness, evening, gone, issued, known, offered, ticket_of, waitlisted
from tests.service.notifications.mail_server import Received
from tests.support.probes import eventually
from tests.unit.notifications.builders import CODE, COLLEAGUE, LINK, calendar_of, part_of

HOLDER, ASKED = UUID(int=16), UUID(int=32)
ADDRESS = f"{ASKED}@acme.example"


def the_holder() -> Message:
    """The one who cannot come."""
    return known(HOLDER, given_name=COLLEAGUE)


def text_of(received: Received) -> str:
    """Returns the text of the mail."""
    return str(part_of(received.mail, "text/plain").get_content())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.NL, "Björn kan niet naar Klank & stilte op donderdag 5 november 2054 en gunt jou de plaats."),
        (Language.EN, "Björn cannot come to Sound & silence on Thursday 5 November 2054 and would like you to have"),
    ],
)
async def test_the_colleague_is_asked_in_their_own_language(harness: Harness, language: Language, words: str) -> None:
    await harness.tell(evening(), the_holder(), known(ASKED, language=language), offered(ASKED, holder=HOLDER))
    await harness.until_mailed(1)
    [mail] = harness.mail_server.of(ADDRESS)
    assert words in text_of(mail)
    assert LINK in text_of(mail)
    await harness.until_state(ASKED, "ticket-offered", "sent")
    [letter] = await harness.letters()
    assert (letter["participant_id"], letter["ticket_id"]) == (str(ASKED), str(ticket_of(HOLDER)))


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_contact_evening_and_offer_may_arrive_in_any_order(harness: Harness, order: tuple[int, ...]) -> None:
    events: list[Message] = [known(ASKED), evening(), offered(ASKED, holder=HOLDER)]
    tables = ["contacts where email is not null", "evenings where version > 0", "letters"]
    for number in order:
        await harness.tell(events[number])
        statement = f"select count(*) from {tables[number]}"  # noqa: S608 - one of three names

        async def count(statement: str = statement) -> int:
            return int((await harness.rows(statement))[0][0])

        await eventually(count, 1, tables[number], timeout=20)
    await harness.until_mailed(1)
    assert harness.mail_server.recipients == [ADDRESS]


async def test_an_offer_told_again_makes_no_second_letter(harness: Harness) -> None:
    offer = offered(ASKED, holder=HOLDER)
    await harness.tell(evening(), known(ASKED))
    await harness.tell(offer, id="once")
    await harness.tell(offer, id="once")
    await harness.tell(offer, offer)
    await harness.until_mailed(1)
    await harness.tell(offer, id="once")
    await harness.tell(offer, offer, evening(), known(ASKED))
    await harness.marker(mails=2)
    assert len(await harness.letters(participant_id=ASKED)) == 1


async def test_another_offer_is_another_letter(harness: Harness) -> None:
    await harness.tell(evening(), known(ASKED))
    await harness.tell(*(offered(ASKED, holder=HOLDER, offer=uuid4()) for _ in range(2)))
    await harness.until_mailed(2)
    assert len({mail.message_id for mail in harness.mail_server.received}) == 2


async def test_a_holder_who_is_not_known_is_a_colleague(harness: Harness) -> None:
    await harness.tell(evening(), known(ASKED), offered(ASKED, holder=HOLDER))
    await harness.until_mailed(1)
    assert "Een collega kan niet naar Klank & stilte" in text_of(harness.mail_server.received[0])


async def test_nothing_of_the_holders_ticket_goes_to_the_colleague(harness: Harness) -> None:
    await harness.tell(evening(), the_holder(), known(ASKED), issued(HOLDER))
    await harness.until_state(HOLDER, "ticket-issued", "sent")
    await harness.tell(offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "sent")
    [mail] = harness.mail_server.of(ADDRESS)
    assert mail.mail.get_content_type() == "multipart/alternative"
    assert CODE not in text_of(mail)
    assert CODE not in await harness.kept_of(ASKED)


async def test_an_offer_that_was_not_sent_ends_with_the_ticket(harness: Harness) -> None:
    await harness.mail_server.stop()
    await harness.tell(evening(), the_holder(), known(ASKED), issued(HOLDER), offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "planned")
    await harness.tell(gone(HOLDER, CancellationReason.PASSED_ON))
    assert await harness.until_state(ASKED, "ticket-offered", "suppressed") == ("suppressed", "ticket-cancelled")
    await harness.mail_server.start()
    await harness.marker(mails=2)  # the holder reads that it worked
    assert ADDRESS not in harness.mail_server.recipients


async def test_an_offer_of_a_ticket_that_is_no_more_is_not_sent(harness: Harness) -> None:
    await harness.tell(
        evening(), known(ASKED), gone(HOLDER, CancellationReason.DECLINED), offered(ASKED, holder=HOLDER)
    )
    assert await harness.until_state(ASKED, "ticket-offered", "suppressed") == ("suppressed", "ticket-cancelled")
    await harness.marker(mails=1)


async def test_news_of_the_ticket_that_is_no_cancellation_leaves_the_offer_alone(harness: Harness) -> None:
    await harness.mail_server.stop()
    await harness.tell(evening(), the_holder(), known(ASKED), offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "planned")
    await harness.tell(waitlisted(HOLDER, position=1, version=1), issued(HOLDER, version=2))
    assert await harness.until_state(HOLDER, "ticket-waitlisted", "suppressed") == ("suppressed", "overtaken")
    await harness.mail_server.start()
    await harness.until_mailed(2)
    await harness.until_state(ASKED, "ticket-offered", "sent")
    await harness.until_state(HOLDER, "ticket-issued", "sent")


async def test_a_holder_who_was_told_nothing_is_told_of_no_end_although_the_colleague_was_asked(
    harness: Harness,
) -> None:
    harness.mail_server.to = lambda address: "450 4.2.1 later" if str(HOLDER) in address else "250 OK"
    await harness.tell(evening(), the_holder(), known(ASKED), issued(HOLDER), offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "sent")
    await harness.until_tried()
    await harness.tell(gone(HOLDER, CancellationReason.REVOKED))
    assert await harness.until_state(HOLDER, "ticket-cancelled", "suppressed") == ("suppressed", "never-told")
    assert await harness.until_state(ASKED, "ticket-offered", "sent") == ("sent", None)


async def test_an_offer_is_no_entry_in_the_calendar_that_a_cancellation_would_take_out(harness: Harness) -> None:
    await harness.tell(evening(), known(ASKED), offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "sent")
    await harness.tell(waitlisted(ASKED, position=1, version=1))
    await harness.until_state(ASKED, "ticket-waitlisted", "sent")
    await harness.tell(gone(ASKED, CancellationReason.DECLINED))
    await harness.until_mailed(3)
    assert harness.mail_server.received[2].mail.get_content_type() == "multipart/alternative"
    await harness.tell(issued(ASKED, ticket=uuid4()))
    await harness.until_mailed(4)
    [entry] = calendar_of(part_of(harness.mail_server.received[3].mail, "application/ics").get_content()).walk("VEVENT")
    assert entry["SEQUENCE"] == 0


async def test_nothing_of_an_offer_to_somebody_who_was_erased_is_kept_or_sent(harness: Harness) -> None:
    other = uuid4()
    await harness.tell(evening(), the_holder(), known(other), offered(other, holder=HOLDER))
    await harness.until_state(other, "ticket-offered", "sent")
    await harness.mail_server.stop()
    await harness.tell(known(ASKED), offered(ASKED, holder=HOLDER))
    await harness.until_state(ASKED, "ticket-offered", "planned")
    await harness.tell(*(ParticipantErased(participant_id=each, version=2) for each in (ASKED, other)))
    assert await harness.until_state(ASKED, "ticket-offered", "suppressed") == ("suppressed", "erased")
    await eventually(lambda: len(harness.told("erasure.completed")), 2, "erasures completed", timeout=20)
    await harness.tell(offered(ASKED, holder=HOLDER, offer=uuid4()))

    async def letters() -> list[str]:
        return [letter["state"] for letter in await harness.letters(participant_id=ASKED)]

    await eventually(letters, ["suppressed", "suppressed"], "both letters", timeout=20)
    everything = await harness.kept_of(ASKED, other)
    for secret in ("Zoë", "Meer", "acme.example", "/my/", COLLEAGUE):
        assert secret not in everything
    await harness.mail_server.start()
    await harness.marker(mails=2)


async def test_the_name_of_a_holder_who_was_erased_goes_from_the_letters_of_colleagues(harness: Harness) -> None:
    told = uuid4()
    await harness.tell(evening(), the_holder(), known(told), offered(told, holder=HOLDER))
    await harness.until_state(told, "ticket-offered", "sent")
    assert COLLEAGUE in await harness.kept_of(told)
    harness.mail_server.take = lambda recipient: "451 4.3.0 later" if recipient == ADDRESS else "250 OK"
    await harness.tell(known(ASKED), offered(ASKED, holder=HOLDER))
    await harness.until_tried()
    await harness.tell(ParticipantErased(participant_id=HOLDER, version=2))
    await eventually(lambda: len(harness.told("erasure.completed")), 1, "erasures completed", timeout=20)
    assert COLLEAGUE not in await harness.kept_of(told, ASKED)
    harness.mail_server.take = lambda _: "250 OK"
    await harness.hurry()
    await harness.until_state(ASKED, "ticket-offered", "sent")
    assert "Een collega kan niet naar" in text_of(harness.mail_server.of(ADDRESS)[-1])
    for letter in await harness.letters():
        shown = (await harness.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"]
        assert COLLEAGUE not in str(shown)
        assert "Een collega kan niet naar" in shown["text"]
