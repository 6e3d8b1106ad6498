"""What those who run the programme see of the letters."""

from uuid import uuid4

import httpx

from culture_connect.http import encode_cursor
from tests.service.notifications.house import House, evening, issued, known
from tests.support.probes import eventually
from tests.unit.notifications.builders import CODE, EVENING


def as_caller(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def test_the_list_tells_of_letters_and_not_of_people(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_state(participant, "ticket-issued", "sent")
    answer = await house.api.get("/letters", headers=as_caller("desk"))
    [letter] = [letter for letter in answer.json()["items"] if letter["kind"] == "ticket-issued"]
    assert letter["participant_id"] == str(participant)
    assert letter["evening_id"] == str(EVENING)
    assert letter["sent_at"] is not None
    for secret in ("Zoë", "Meer", "acme.example", CODE, "/my/"):
        assert secret not in answer.text


async def test_a_cursor_of_no_possible_moment_is_refused(house: House) -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        cursor = encode_cursor(moment, uuid4())
        answer = await house.api.get("/letters", params={"cursor": cursor}, headers=as_caller("desk"))
        assert answer.status_code == 422, moment
        assert [error["field"] for error in answer.json()["errors"]] == ["query.cursor"]


async def test_the_operator_reads_the_letter_that_was_sent(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_state(participant, "ticket-issued", "sent")
    await house.tell(evening(version=2, capacity=150), known(participant, version=2, given_name="Other"))
    await house.marker(mails=2)
    [letter] = await house.letters(participant_id=participant, kind="ticket-issued")
    rendered = (await house.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"]
    assert rendered["to"] == f"{participant}@acme.example"
    assert rendered["message_id"] == house.mail_server.of(f"{participant}@acme.example")[0].message_id
    assert "Beste Zoë" in rendered["text"]
    assert "Prinsegracht" in rendered["text"]
    assert 'src="data:image/png;base64,' in rendered["html"]
    [calendar] = rendered["calendars"]
    assert "METHOD:REQUEST" in calendar["text"]
    assert [file["name"] for file in rendered["attachments"]] == ["ticket.pdf", calendar["name"]]
    assert rendered["attachments"][1]["size"] == len(calendar["text"].encode())
    headers = {header["name"]: header["value"] for header in rendered["headers"]}
    [sent] = house.mail_server.of(f"{participant}@acme.example")
    assert headers["Message-ID"] == sent.message_id
    assert headers["Date"] == sent.mail["Date"]


async def test_a_letter_that_waits_is_shown_as_it_would_be_sent(house: House) -> None:
    participant = uuid4()
    await house.tell(issued(participant))
    await house.until_state(participant, "ticket-issued", "planned")
    [letter] = await house.letters(kind="ticket-issued")
    where = f"/letters/{letter['letter_id']}"
    assert (await house.api.get(where)).json()["rendered"] is None
    await house.mail_server.stop()
    await house.tell(evening(), known(participant))

    async def subject() -> str | None:
        rendered = (await house.api.get(where)).json()["rendered"]
        return rendered and str(rendered["subject"])

    await eventually(subject, "Je ticket voor Klank & stilte, donderdag 5 november", "the subject shown", timeout=20)


async def test_letters_are_found_by_person_evening_and_state_page_by_page(house: House) -> None:
    people = [uuid4() for _ in range(5)]
    await house.tell(evening(), *map(known, people), *map(issued, people))
    for person in people:
        await house.until_state(person, "ticket-issued", "sent")
    assert len(await house.letters(evening_id=EVENING)) == 15
    assert len(await house.letters(evening_id=EVENING, kind="reminder-day")) == 5
    assert await house.letters(evening_id=uuid4()) == []
    assert len(await house.letters(state="sent")) == 5
    assert await house.letters(state="failed") == []
    assert len(await house.letters(participant_id=people[0])) == 3
    [sent] = await house.letters(participant_id=people[0], state="sent")
    assert await house.letters(mail_id=sent["mail_id"]) == [sent]
    seen, cursor, wanted = [], None, {"limit": "2", "kind": "ticket-issued"}
    while True:
        page = (await house.api.get("/letters", params=wanted | ({"cursor": cursor} if cursor else {}))).json()
        seen += [letter["participant_id"] for letter in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sorted(seen) == sorted(map(str, people))


async def test_each_sees_what_its_token_allows(house: House) -> None:
    participant = uuid4()
    await house.tell(issued(participant))
    await house.until_state(participant, "ticket-issued", "planned")
    [letter] = await house.letters(kind="ticket-issued")

    async def status(path: str, caller: str) -> int:
        answer: httpx.Response = await house.api.get(path, headers=as_caller(caller))
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


async def test_letters_are_counted_by_state(house: House) -> None:
    participant = uuid4()
    await house.tell(issued(participant))

    async def planned() -> bool:
        metrics = (await house.api.get("/metrics")).text
        return 'culture_connect_letters{state="planned"} 3.0' in metrics

    await eventually(planned, True, "a letter and two reminders in the metrics", timeout=20)
    metrics = (await house.api.get("/metrics")).text
    assert 'culture_connect_letters{state="sent"} 0.0' in metrics
    assert "culture_connect_letters_oldest_unsent_seconds" in metrics
    assert str(participant) not in metrics
