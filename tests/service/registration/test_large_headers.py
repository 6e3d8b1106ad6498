"""Headers near the size of a frame are a fault of their message: it is answered, and nobody else notices."""

import asyncio
import time

from tests.service.registration.harness import Connect, Harness, person

BURST = 200
LARGE = {"padding": "x" * 120_000}  # bytes; a frame holds 131,072
TIMEOUT = 2.0  # seconds a neighbour waits for its receipt


async def test_a_burst_of_messages_with_huge_headers_is_refused_and_a_neighbour_is_answered_in_time(
    harness: Harness, connect: Connect
) -> None:
    await harness.register("acme")
    await harness.register("zeebank")
    acme, zeebank = await connect("acme"), await connect("zeebank")
    burst = asyncio.gather(
        *(acme.send("enrolment.requested", person("e-1"), id=f"large-{n}", headers=LARGE) for n in range(BURST))
    )
    waits, readiness = [], set()
    for number in range(5):
        before = time.monotonic()
        assert await zeebank.outcome(await zeebank.enrol(f"z-{number}")) == "enrolled"
        waits.append(time.monotonic() - before)
        readiness.add((await harness.api.get("/health/ready")).status_code)
    await burst
    refused = await acme.receipts.hears(BURST, "enrolment.refused", timeout=20)
    [error] = refused[0].data["errors"]
    assert (error["field"], error["code"]) == ("headers", "too_large")
    assert "16384" in error["message"]
    assert readiness == {200}
    assert max(waits) < TIMEOUT
    assert await harness.participants("acme") == []


async def test_the_dead_letter_of_a_message_with_huge_headers_has_none_of_them(
    harness: Harness, connect: Connect
) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    await acme.send_without_id("enrolment.requested", person("e-1"), headers=LARGE)
    letter = await harness.dead_letter()
    assert letter.headers["cc-dead-reason"] == "too_large"
    assert "padding" not in letter.headers


async def test_a_dead_letter_has_no_header_that_only_its_sender_knows(harness: Harness, connect: Connect) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    known = {"ce-source": "/acme/hr", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    unknown = {"employee": "Canary van der Test", "cc-attempt": 99, "cc-canary": "x"}
    await acme.send_without_id("enrolment.requested", person("e-1"), headers={**known, **unknown})
    letter = await harness.dead_letter()
    ours = {name for name in letter.headers if name.startswith("cc-")}
    assert set(letter.headers) - ours - {"x-delivery-count"} == set(known)
    assert "cc-canary" not in ours
    assert letter.headers["cc-attempt"] == 1
