"""Of a letter only the record is kept after a month."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from culture_connect.contracts import EveningScheduled
from tests.service.notifications.harness import Harness, evening, invited, issued, known, on_day
from tests.unit.notifications.builders import LINK


async def test_contents_are_kept_for_thirty_days_and_then_only_the_record(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), invited(participant))
    await harness.until_state(participant, "invitation", "sent")
    [letter] = await harness.letters(participant_id=participant)
    await harness.maintain(later=timedelta(days=29))
    assert (await harness.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"] is not None
    assert LINK in await harness.kept_of(participant)
    await harness.maintain(later=timedelta(days=31))
    faded = (await harness.api.get(f"/letters/{letter['letter_id']}")).json()
    assert faded["rendered"] is None
    assert LINK not in await harness.kept_of(participant)
    assert (faded["state"], faded["kind"], faded["sent_at"]) == ("sent", "invitation", letter["sent_at"])


async def test_a_letter_that_is_still_to_be_sent_keeps_what_it_tells(harness: Harness) -> None:
    participant = uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(), known(participant), invited(participant))
    await harness.until_state(participant, "invitation", "planned")
    await harness.maintain(later=timedelta(days=400))
    await harness.mail_server.start()
    await harness.until_state(participant, "invitation", "sent")


async def test_codes_of_evenings_that_are_long_over_are_not_kept(harness: Harness) -> None:
    past, ahead = uuid4(), uuid4()
    today = datetime.now(UTC).date()
    over = EveningScheduled.model_validate(on_day(today - timedelta(days=40)))
    other = uuid4()
    await harness.tell(over, evening(evening_id=str(other)), known(past), known(ahead))
    await harness.tell(issued(past), issued(ahead, evening_id=other))
    await harness.until_state(past, "ticket-issued", "suppressed")
    await harness.until_state(ahead, "ticket-issued", "sent")
    await harness.maintain()
    assert "eyJ" not in str(await harness.rows("select details from tickets where participant_id = $1", past))
    assert "eyJ" in str(await harness.rows("select details from tickets where participant_id = $1", ahead))
