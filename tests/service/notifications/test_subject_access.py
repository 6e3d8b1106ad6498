"""All that notifications holds of a person, letters in their words included, and that no table is forgotten."""

from uuid import uuid4

from culture_connect.http.subject_access import MASKED
from notifications.store.subject_access import HOLDINGS
from tests.service.notifications.harness import Harness, evening, issued, known
from tests.support.subject_access import tables_of
from tests.unit.notifications.builders import CODE, LINK

# Tables without anything of participants.
WITHOUT_PEOPLE = {
    *(
        "alembic_version",
        "evening_versions",
        "evenings",
        "inbox",
        "leases",
        "outbox_lanes",
        "refusals",
        "pace",
        "partners",
    ),
}


async def test_every_table_with_something_of_people_is_exported(harness: Harness) -> None:
    tables = await tables_of(harness.surroundings.database.superuser_url, "notifications")
    assert tables - WITHOUT_PEOPLE == {each.table for each in HOLDINGS}


async def test_an_operator_sees_contact_tickets_and_letters_without_what_opens_a_door(harness: Harness) -> None:
    participant, other = uuid4(), uuid4()
    await harness.tell(
        evening(), known(participant), known(other, given_name="Iris"), issued(participant), issued(other)
    )
    for each in (participant, other):
        await harness.until_state(each, "ticket-issued", "sent")
    answer = await harness.api.get(f"/participants/{participant}/export")
    assert answer.status_code == 200
    held = answer.json()["held"]
    assert [each["participant_id"] for each in held["contacts"]] == [str(participant)]
    assert held["contacts"][0]["unsubscribe"] == MASKED
    assert [each["details"]["code"] for each in held["tickets"]] == [MASKED]
    [letter] = [each for each in held["letters"] if each["kind"] == "ticket-issued"]
    [text] = [each for each in held["texts"] if each["letter_id"] == letter["letter_id"]]
    assert letter["state"] == "sent"
    assert "Zoë" in text["text"]
    assert MASKED in text["text"]
    assert "Iris" not in answer.text
    assert CODE not in answer.text
    assert LINK not in answer.text


async def test_only_an_operator_sees_it(harness: Harness) -> None:
    for token in ("desk", "door"):
        answer = await harness.api.get(f"/participants/{uuid4()}/export", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 403
