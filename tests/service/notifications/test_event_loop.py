"""Nobody's largest request or letter keeps the replica from everybody else's."""

from uuid import uuid4

import pytest

from culture_connect.http.app import MAX_BODY
from notifications.http.bounces import MAX_REPORT
from tests.service.notifications.harness import Harness, evening, in_future, issued, known
from tests.support.event_loop import held
from tests.support.hostile_bodies import ask_the_worst

# Seconds. Beyond what a machine that is busy with other things adds; the aim is 0.05.
BOUND = 1.0
LONG = {"nl": "Ŵ" * 200, "en": "Ŵ" * 200}


@pytest.mark.timeout(120)
async def test_no_request_holds_the_event_loop(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    [letter] = await harness.letters(kind="ticket-issued")
    asked = await ask_the_worst(harness.api, MAX_BODY, {"letter_id": letter["letter_id"]})
    assert [each for each in asked if each.status >= 500 or each.seconds > BOUND] == []


@pytest.mark.timeout(60)
async def test_the_longest_letters_do_not_hold_the_event_loop(harness: Harness) -> None:
    programme = in_future()["programme"]
    nights = [
        evening(evening_id=str(uuid4()), title=LONG, theme=LONG, programme=[*[programme[0]] * 40, *programme])
        for _ in range(5)
    ]
    participant = uuid4()
    async with held() as loop:
        await harness.tell(*nights, known(participant))
        await harness.tell(*(issued(participant, evening_id=night.evening_id, ticket=uuid4()) for night in nights))
        await harness.until_state(participant, "ticket-issued", "sent")
    assert loop.longest < BOUND


REPORTS = {
    "headers": "a: b\n",
    "blank lines": "\n",
    "white space": "\n \t",
    "parts": "--b\n",
    "parts in parts": "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
}


async def test_no_report_of_a_mail_server_holds_the_event_loop(harness: Harness) -> None:
    for start in ("", "Content-Type: multipart/report; boundary=b\n\n"):
        for name, line in REPORTS.items():
            report = (start + line * (MAX_REPORT // len(line))).encode()[:MAX_REPORT]
            async with held() as loop:
                answer = await harness.api.post("/bounces", content=report, headers={"content-type": "message/rfc822"})
            assert answer.status_code in (204, 422), name
            assert loop.longest < BOUND, name
