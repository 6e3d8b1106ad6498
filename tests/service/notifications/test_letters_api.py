"""Letters as those who run the programme see them."""

from uuid import uuid4

import httpx

from culture_connect.http import encode_cursor
from tests.service.notifications.harness import Harness, evening, issued, known
from tests.support.probes import eventually
from tests.unit.notifications.builders import CODE, EVENING


def as_caller(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def test_the_list_tells_of_letters_and_not_of_people(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    answer = await harness.api.get("/letters", headers=as_caller("desk"))
    [letter] = [letter for letter in answer.json()["items"] if letter["kind"] == "ticket-issued"]
    assert letter["participant_id"] == str(participant)
    assert letter["evening_id"] == str(EVENING)
    assert letter["sent_at"] is not None
    for secret in ("Zoë", "Meer", "acme.example", CODE, "/my/"):
        assert secret not in answer.text


async def test_a_cursor_of_no_possible_moment_is_refused(harness: Harness) -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        cursor = encode_cursor(moment, uuid4())
        answer = await harness.api.get("/letters", params={"cursor": cursor}, headers=as_caller("desk"))
        assert answer.status_code == 422, moment
        assert [error["field"] for error in answer.json()["errors"]] == ["query.cursor"]


async def test_the_operator_reads_the_letter_that_was_sent(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    await harness.tell(evening(version=2, capacity=150), known(participant, version=2, given_name="Other"))
    await harness.marker(mails=2)
    [letter] = await harness.letters(participant_id=participant, kind="ticket-issued")
    rendered = (await harness.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"]
    assert rendered["to"] == f"{participant}@acme.example"
    assert rendered["message_id"] == harness.mail_server.of(f"{participant}@acme.example")[0].message_id
    assert "Beste Zoë" in rendered["text"]
    assert "Prinsegracht" in rendered["text"]
    assert 'src="data:image/png;base64,' in rendered["html"]
    [calendar] = rendered["calendars"]
    assert "METHOD:REQUEST" in calendar["text"]
    assert [file["name"] for file in rendered["attachments"]] == ["ticket.pdf", calendar["name"]]
    assert rendered["attachments"][1]["size"] == len(calendar["text"].encode())
    headers = {header["name"]: header["value"] for header in rendered["headers"]}
    [sent] = harness.mail_server.of(f"{participant}@acme.example")
    assert headers["Message-ID"] == sent.message_id
    assert headers["Date"] == sent.mail["Date"]


async def test_a_letter_that_waits_is_shown_as_it_would_be_sent(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(issued(participant))
    await harness.until_state(participant, "ticket-issued", "planned")
    [letter] = await harness.letters(kind="ticket-issued")
    where = f"/letters/{letter['letter_id']}"
    assert (await harness.api.get(where)).json()["rendered"] is None
    await harness.mail_server.stop()
    await harness.tell(evening(), known(participant))

    async def subject() -> str | None:
        rendered = (await harness.api.get(where)).json()["rendered"]
        return rendered and str(rendered["subject"])

    await eventually(subject, "Je ticket voor Klank & stilte, donderdag 5 november", "the subject shown", timeout=20)


async def test_letters_are_found_by_person_evening_and_state_page_by_page(harness: Harness) -> None:
    people = [uuid4() for _ in range(5)]
    await harness.tell(evening(), *map(known, people), *map(issued, people))
    for person in people:
        await harness.until_state(person, "ticket-issued", "sent")
    assert len(await harness.letters(evening_id=EVENING)) == 15
    assert len(await harness.letters(evening_id=EVENING, kind="reminder-day")) == 5
    assert await harness.letters(evening_id=uuid4()) == []
    assert len(await harness.letters(state="sent")) == 5
    assert await harness.letters(state="failed") == []
    assert len(await harness.letters(participant_id=people[0])) == 3
    [sent] = await harness.letters(participant_id=people[0], state="sent")
    assert await harness.letters(mail_id=sent["mail_id"]) == [sent]
    seen, cursor, wanted = [], None, {"limit": "2", "kind": "ticket-issued"}
    while True:
        page = (await harness.api.get("/letters", params=wanted | ({"cursor": cursor} if cursor else {}))).json()
        seen += [letter["participant_id"] for letter in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sorted(seen) == sorted(map(str, people))


async def test_each_sees_what_its_token_allows(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(issued(participant))
    await harness.until_state(participant, "ticket-issued", "planned")
    [letter] = await harness.letters(kind="ticket-issued")

    async def status(path: str, caller: str) -> int:
        answer: httpx.Response = await harness.api.get(path, headers=as_caller(caller))
        return answer.status_code

    whole = f"/letters/{letter['letter_id']}"
    assert [await status("/letters", caller) for caller in ("console", "desk", "door", "nobody")] == [
        200,
        200,
        403,
        401,
    ]
    assert [await status(whole, caller) for caller in ("console", "desk", "door", "nobody")] == [200, 403, 403, 401]
    assert await status(f"/letters/{uuid4()}", "console") == 404


async def test_letters_are_counted_by_state(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(issued(participant))

    async def planned() -> bool:
        metrics = (await harness.api.get("/metrics")).text
        return 'culture_connect_letters{state="planned"} 3.0' in metrics

    await eventually(planned, True, "a letter and two reminders in the metrics", timeout=20)
    metrics = (await harness.api.get("/metrics")).text
    assert 'culture_connect_letters{state="sent"} 0.0' in metrics
    assert "culture_connect_letters_oldest_unsent_seconds" in metrics
    assert str(participant) not in metrics
