"""Imports that tell how far they are (`Accept: application/x-ndjson`)."""

from typing import Any

import httpx

from tests.service.registration.files import NOTHING, file, line, lines, standings, steps, take_in, told
from tests.service.registration.harness import Harness

NDJSON = {"accept": "application/x-ndjson"}


async def test_an_import_tells_its_stages_and_ends_with_what_the_plain_answer_would_be(harness: Harness) -> None:
    await harness.register("acme", places=2000)
    data = file(*lines(range(1200)))
    *told_before, last = steps(await take_in(harness, data, headers=NDJSON))
    assert told_before == [
        {"stage": stage, "done": done, "total": 1200}
        for stage in ("reading", "deciding")
        for done in (250, 500, 750, 1000, 1200)
    ]
    assert last["status"] == 200
    assert last["body"]["counts"] == {**NOTHING, "added": 1200}
    assert len(await standings(harness)) == 500  # a page
    assert len(await told(harness)) == 1200

    plain = (await take_in(harness, data, dry_run=True)).json()
    assert steps(await take_in(harness, data, dry_run=True, headers=NDJSON))[-1] == {"status": 200, "body": plain}


async def test_a_refusal_is_the_last_line_just_as_it_would_be_the_plain_answer(harness: Harness) -> None:
    await harness.register("acme", places=2)
    await take_in(harness, file(line("e-1"), line("e-2")))
    cases: list[tuple[bytes, dict[str, Any], int, list[str]]] = [
        (file(line("e-1"), line("e-3")), {}, 422, ["reading", "deciding"]),
        (file(line("e-1")), {"full": True}, 409, ["reading"]),
        (file(line("e-1"), 'e-2;"Noor;x'), {}, 422, []),
        (b"", {}, 422, []),
        (file(line("e-1")), {"slug": "zeebank"}, 404, []),
    ]
    for data, options, status, stages in cases:
        plain = await take_in(harness, data, **options)
        *told_before, last = steps(await take_in(harness, data, headers=NDJSON, **options))
        assert (plain.status_code, last["status"]) == (status, status), options
        assert [each["stage"] for each in told_before] == stages
        assert without_trace(last["body"]) == without_trace(plain.json())
        assert last["body"]["trace_id"]
    assert await standings(harness) == {"e-1": "enrolled", "e-2": "enrolled"}


async def test_a_repeated_import_with_progress_is_answered_by_what_was_remembered(harness: Harness) -> None:
    await harness.register("acme")
    headers = {**NDJSON, "idempotency-key": "september"}
    data = file(line("e-1"))
    first, again = [steps(await take_in(harness, data, headers=headers)) for _ in range(2)]
    assert again == [first[-1]]
    plain: httpx.Response = await take_in(harness, data, headers={"idempotency-key": "september"})
    assert plain.json() == first[-1]["body"]
    assert len(await told(harness)) == 1


def without_trace(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "trace_id"}
