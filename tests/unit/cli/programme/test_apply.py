"""Applying a file to a programme, against registration in memory."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.programme.apply import apply, carry_out, make_plan
from culture_connect_cli.programme.season_file import SeasonFileError, read_season, season_of
from culture_connect_cli.programme.times import format_local
from tests.unit.cli.programme.registration import FakeRegistration
from tests.unit.cli.programme.season import evening, file

SAMPLE = Path(__file__).parents[4] / "deploy" / "samples" / "season-2026-2027.yaml"
SPRING = datetime(2026, 4, 1, tzinfo=UTC)
WHY = {"nl": "De zaal heeft waterschade", "en": "The hall has water damage"}
NOTHING = ["= 5 evenings are as in the file", "Nothing is to be done."]


@pytest.fixture
def registration() -> FakeRegistration:
    return FakeRegistration()


async def applied(registration: FakeRegistration, *evenings: dict[str, Any], **how: Any) -> list[str]:
    """Applies these evenings and returns what was said."""
    said: list[str] = []
    how = {"confirm": lambda: True, "now": SPRING, **how}
    async with registration.api() as api:
        await apply(api, season_of(file(*evenings)), said.append, **how)
    return said


def programme(registration: FakeRegistration) -> list[tuple[str, str, int]]:
    """Venue, start and capacity of what takes place."""
    return [(each.venue.value, format_local(each.starts_at), each.capacity) for each in registration.live()]


async def test_the_sample_is_scheduled_once(registration: FakeRegistration) -> None:
    season = read_season(SAMPLE)
    first: list[str] = []
    second: list[str] = []
    async with registration.api() as api:
        await apply(api, season, first.append, confirm=lambda: True, now=SPRING)
        sent = len(registration.written)
        await apply(api, season, second.append, confirm=lambda: pytest.fail("nothing is to be asked"))
    assert sent == 5
    assert first[-1] == "Done: 0 called off, 0 changed, 5 scheduled."
    assert (second, len(registration.written)) == (NOTHING, sent)
    assert registration.live()[1].location == "Residentie Orkest, Den Haag"


async def test_days_are_freed_before_they_are_taken(registration: FakeRegistration) -> None:
    await applied(registration, evening("paard", "2026-09-24"), evening("ndt", "2026-10-01"))
    after = [
        evening("paard", "2026-09-24", cancelled=WHY),
        evening("ndt", "2026-09-24", capacity="90"),
        evening("residentie-orkest", "2026-10-01"),
    ]
    said = await applied(registration, *after)
    assert said[-1] == "Done: 1 called off, 1 changed, 1 scheduled."
    assert [method for method, _ in registration.written[2:]] == ["POST", "PATCH", "POST"]
    assert programme(registration) == [
        ("ndt", "2026-09-24 19:30", 90),
        ("residentie-orkest", "2026-10-01 19:30", 200),
    ]
    assert list(registration.reasons.values()) == [WHY]
    assert (await applied(registration, *after))[-1] == "Nothing is to be done."


async def test_a_second_run_finds_nothing_after_a_change_of_every_field(registration: FakeRegistration) -> None:
    said = {"release_at": "2026-09-01 12:00", "closes_at": "2026-09-20 12:00", "allotments": {"acme": "10"}}
    for season in (
        evening("paard", "2026-09-24", **said, admission="on_request"),
        evening("paard", "2026-09-25", **said, capacity="90"),
        evening("paard", "2026-10-29", location="Amare"),
        evening("paard", "2026-11-05", release_at="2026-10-22 19:30"),
    ):
        await applied(registration, season)
        sent = len(registration.written)
        assert await applied(registration, season) == ["= 1 evening is as in the file", "Nothing is to be done."]
        assert len(registration.written) == sent
    assert len(registration.evenings) == 1


async def test_a_dry_run_only_shows(registration: FakeRegistration) -> None:
    said = await applied(
        registration,
        evening("paard", "2026-09-24"),
        dry_run=True,
        confirm=lambda: pytest.fail("nothing is to be asked"),
    )
    assert said == ["+ schedule PAARD, 2026-09-24 19:30, “Evening at paard”"]
    assert registration.written == []


async def test_without_agreement_nothing_is_sent(registration: FakeRegistration) -> None:
    said = await applied(registration, evening("paard", "2026-09-24"), confirm=lambda: False)
    assert said[-1] == "Nothing was changed."
    assert registration.written == []


async def test_what_is_not_in_the_file_is_called_off_only_on_request(registration: FakeRegistration) -> None:
    await applied(registration, evening("paard", "2026-09-24"))
    await applied(registration, evening("ndt", "2026-10-08"))
    assert len(registration.live()) == 2
    await applied(registration, evening("ndt", "2026-10-08"), prune=True)
    assert programme(registration) == [("ndt", "2026-10-08 19:30", 200)]
    assert list(registration.reasons.values()) == [None]


async def test_an_evening_is_scheduled_again_after_it_was_called_off(registration: FakeRegistration) -> None:
    season = evening("paard", "2026-09-24")
    await applied(registration, season)
    await applied(registration, {**season, "cancelled": WHY})
    assert programme(registration) == []
    await applied(registration, season)
    assert programme(registration) == [("paard", "2026-09-24 19:30", 200)]
    assert len(registration.evenings) == 2


async def test_two_runs_at_once_schedule_an_evening_once(registration: FakeRegistration) -> None:
    season = season_of(file(evening("paard", "2026-09-24")))
    async with registration.api() as api:
        decisions = [await make_plan(api, season) for _ in range(2)]
        for plan, state in decisions:
            await carry_out(api, plan, state)
    assert len(registration.evenings) == 1


@pytest.mark.parametrize("after", [{"capacity": "90"}, {"cancelled": WHY}])
async def test_what_somebody_changed_meanwhile_is_left_to_another_run(
    registration: FakeRegistration, after: dict[str, Any]
) -> None:
    await applied(registration, evening("paard", "2026-09-24"))
    [theirs] = registration.evenings
    async with registration.api() as api:
        plan, state = await make_plan(api, season_of(file(evening("paard", "2026-09-24", **after))))
        registration.change(theirs, capacity=300)
        with pytest.raises(ApiError) as caught:
            await carry_out(api, plan, state)
    assert str(caught.value) == (
        "PAARD, 2026-09-24 19:30, “Evening at paard”: somebody changed it meanwhile: run it again\n"
        "0 of 1 steps were done before that"
    )
    assert programme(registration) == [("paard", "2026-09-24 19:30", 300)]


async def test_a_run_that_broke_off_is_finished_by_the_next(registration: FakeRegistration) -> None:
    season = [evening("paard", "2026-09-24"), evening("ndt", "2026-10-08"), evening("ndt", "2026-10-09")]
    async with registration.api() as api:
        plan, state = await make_plan(api, season_of(file(*season)))
        registration.schedule(evening_of_somebody("2026-10-08"))
        with pytest.raises(ApiError, match=r"(?s)Dans Theater, 2026-10-08 19:30.*day-taken.*1 of 3 steps"):
            await carry_out(api, plan, state)
    [first, theirs] = registration.live()
    with pytest.raises(SeasonFileError, match="another evening on 2026-10-08, which is not in the file"):
        await applied(registration, *season)
    registration.cancel(theirs.evening_id)
    await applied(registration, *season)
    assert registration.live()[0] == first
    assert len(registration.live()) == 3


def evening_of_somebody(day: str) -> dict[str, Any]:
    draft = season_of(file(evening("paard", day))).entries[0].draft
    return draft.model_dump(mode="json", exclude_none=True)


async def test_an_answer_that_got_lost_does_not_schedule_twice(registration: FakeRegistration) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        answer = registration.handle(request)
        if request.method == "POST":
            raise httpx.ReadTimeout("lost", request=request)
        return answer

    async with Api("http://registration", "desk", transport=httpx.MockTransport(lose)) as api:
        with pytest.raises(ApiError, match="does not answer in time"):
            await apply(api, season_of(file(evening("paard", "2026-09-24"))), print, confirm=lambda: True)
    assert (await applied(registration, evening("paard", "2026-09-24")))[-1] == "Nothing is to be done."
    assert len(registration.evenings) == 1


async def test_evenings_of_another_version_are_not_guessed_about(registration: FakeRegistration) -> None:
    page = {"items": [{"evening_id": "1"}], "next_cursor": None}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=page))
    async with Api("http://registration", "desk", transport=transport) as api:
        with pytest.raises(ApiError, match="evenings of another version"):
            await apply(api, season_of(file(evening("paard", "2026-09-24"))), print, confirm=lambda: True)


OTHER = {"nl": "Iets anders", "en": "Another thing"}
QUESTION = (
    "Is PAARD, 2026-10-01 19:30, “Another thing” the evening that was "
    "PAARD, 2026-09-24 19:30, “Evening at paard”, moved?"
)


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (True, [("paard", "2026-10-01 19:30", 200)]),
        (False, [("paard", "2026-09-24 19:30", 200), ("paard", "2026-10-01 19:30", 200)]),
    ],
)
async def test_somebody_is_asked_about_what_the_file_leaves_in_doubt(
    registration: FakeRegistration, answer: bool, after: list[tuple[str, str, int]]
) -> None:
    await applied(registration, evening("paard", "2026-09-24"))
    questions: list[str] = []

    def asked(question: str) -> bool:
        questions.append(question)
        return answer

    await applied(registration, evening("paard", "2026-10-01", title=OTHER), ask=asked)
    assert (questions, programme(registration)) == ([QUESTION], after)


async def test_a_doubt_that_gets_no_answer_applies_nothing(registration: FakeRegistration) -> None:
    await applied(registration, evening("paard", "2026-09-24"), evening("ndt", "2026-10-08"))
    sent = len(registration.written)
    season = [evening("paard", "2026-10-01", title=OTHER), evening("ndt", "2026-10-08", capacity="90")]
    for how in ({}, {"ask": lambda _: None}, {"prune": True}):
        with pytest.raises(SeasonFileError, match="evening 1, evening_id: add `evening_id: new`"):
            await applied(registration, *season, confirm=lambda: pytest.fail("nothing is clear yet"), **how)
    assert len(registration.written) == sent


async def test_an_evening_is_not_moved_into_the_past_and_nothing_else_of_the_file_is_sent(
    registration: FakeRegistration,
) -> None:
    await applied(registration, evening("paard", "2026-09-24"), evening("ndt", "2026-10-08"))
    sent = len(registration.written)
    with pytest.raises(SeasonFileError, match="evening 2, starts_at: must not move into the past"):
        await applied(registration, evening("paard", "2026-09-24", capacity="90"), evening("ndt", "2026-03-08"))
    assert len(registration.written) == sent
