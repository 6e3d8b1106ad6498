"""A season's file applied to a running registration, as `culture-connect programme apply` does."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.programme.apply import apply, carry_out, make_plan
from culture_connect_cli.programme.season_file import SeasonFileError, season_of
from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.conftest import running

_SAMPLE = (Path(__file__).parents[3] / "deploy" / "samples" / "season-2026-2027.yaml").read_text(encoding="utf-8")
# Years later, whose days of the week are the same: none of its evenings is over while these tests are run.
SAMPLE = _SAMPLE.replace("2027", "2038").replace("2026", "2037")
PAARD, AMARE, BEELDEN, DANS, THEATER = "2037-05-07", "2037-09-24", "2037-11-26", "2038-02-11", "2038-04-15"


class Wire(httpx.ASGITransport):
    """The way to the application; remembers what was written."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.written: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.written.append(request.method)
        return await super().handle_async_request(request)


@pytest.fixture
async def wire(settings: RegistrationSettings) -> AsyncIterator[Wire]:
    """To a running replica."""
    app = build_app(settings)
    async with running(app):
        yield Wire(app)


@pytest.fixture
async def desk(wire: Wire) -> AsyncIterator[Api]:
    """The programme team's client."""
    async with Api("http://registration", "desk", transport=wire) as api:
        yield api


async def applied(desk: Api, text: str, **how: Any) -> list[str]:
    """Applies the file and returns what was said."""
    said: list[str] = []
    await apply(desk, season_of(text), said.append, confirm=lambda: True, **how)
    return said


async def evenings(desk: Api) -> dict[str, dict[str, Any]]:
    """The evenings that take place, by their day."""
    items = await desk.list_all("/evenings", params={"season": "2037-2038"})
    return {each["starts_at"][:10]: each for each in items if each["cancelled_at"] is None}


def edited(*replacements: tuple[str, str]) -> str:
    """The sample after these edits, each of which must find its place."""
    text = SAMPLE
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


def without(text: str, venue: str) -> str:
    """The file without the evening of a venue."""
    head, *found = text.split("  - venue: ")
    return head + "".join(f"  - venue: {each}" for each in found if not each.startswith(f"{venue}\n"))


async def test_the_sample_is_applied_once(desk: Api, wire: Wire) -> None:
    assert (await applied(desk, SAMPLE))[-1] == "Done: 0 called off, 0 changed, 5 scheduled."
    assert await applied(desk, SAMPLE) == ["= 5 evenings are as in the file", "Nothing is to be done."]
    assert wire.written == ["POST"] * 5
    planned = await evenings(desk)
    assert list(planned) == [PAARD, AMARE, BEELDEN, DANS, THEATER]
    assert planned[AMARE]["location"] == "Residentie Orkest, Amare, Spuiplein 150, 2511 DG Den Haag"


async def test_the_programme_follows_the_file_and_then_rests(desk: Api, wire: Wire) -> None:
    await applied(desk, SAMPLE)
    before = await evenings(desk)
    # The orchestra takes the museum's day, the museum another one; the dancers' evening is called off.
    text = edited(
        (AMARE, BEELDEN + "!"),
        (f"{BEELDEN} ", "2037-10-29 "),
        (BEELDEN + "!", BEELDEN),
        ("    release_at: 2037-11-12 12:00\n", ""),
        ("capacity: 400", "capacity: 380"),
        ("capacity: 300", "capacity: 300\n    cancelled:\n      nl: Waterschade\n      en: Water damage"),
    )
    said = await applied(desk, text)
    assert said[-1] == "Done: 1 called off, 3 changed, 0 scheduled."
    assert wire.written[5:] == ["POST", "PATCH", "PATCH", "PATCH"]
    after = await evenings(desk)
    assert after[BEELDEN]["evening_id"] == before[AMARE]["evening_id"]
    assert after["2037-10-29"]["evening_id"] == before[BEELDEN]["evening_id"]
    assert after["2037-10-29"]["release_at"].startswith("2037-10-22T19:00")
    assert (after[PAARD]["capacity"], after[PAARD]["version"]) == (380, 2)
    assert DANS not in after

    assert await applied(desk, text) == ["= 5 evenings are as in the file", "Nothing is to be done."]
    assert len(wire.written) == 9


async def test_what_the_file_leaves_out_again_is_at_its_default_again(desk: Api) -> None:
    fields = "    release_at: 2037-04-20 12:00\n    closes_at: 2037-05-06 12:00\n    admission: on_request\n"
    await applied(desk, edited(("    capacity: 400\n", f"    capacity: 400\n{fields}")))
    await applied(desk, SAMPLE)
    launch = (await evenings(desk))[PAARD]
    assert (launch["admission"], launch["version"]) == ("automatic", 2)
    assert await applied(desk, SAMPLE) == ["= 5 evenings are as in the file", "Nothing is to be done."]


async def test_an_evening_taken_out_of_the_file_is_called_off_on_request_and_can_come_back(desk: Api) -> None:
    await applied(desk, SAMPLE)
    shorter = without(SAMPLE, "ndt")
    assert (await applied(desk, shorter))[-1] == "Nothing is to be done."
    await applied(desk, shorter, prune=True)
    assert list(await evenings(desk)) == [PAARD, AMARE, BEELDEN, THEATER]
    assert (await applied(desk, SAMPLE))[-1] == "Done: 0 called off, 0 changed, 1 scheduled."
    assert DANS in await evenings(desk)


@pytest.mark.parametrize(
    "edit",
    [
        lambda: edited(("capacity: 400", "capacity: 380")),
        lambda: edited(("capacity: 400", "capacity: 400\n    cancelled: {nl: Ziek, en: Illness}")),
    ],
    ids=["change", "call off"],
)
async def test_what_somebody_changed_meanwhile_is_not_overwritten(desk: Api, edit: Callable[[], str]) -> None:
    await applied(desk, SAMPLE)
    plan, state = await make_plan(desk, season_of(edit()))
    launch = (await evenings(desk))[PAARD]
    await desk.patch(f"/evenings/{launch['evening_id']}", json={"capacity": 390})
    with pytest.raises(ApiError, match="somebody changed it meanwhile: run it again"):
        await carry_out(desk, plan, state)
    assert (await evenings(desk))[PAARD]["capacity"] == 390


async def test_two_runs_decided_on_the_same_state_schedule_once(desk: Api) -> None:
    decisions = [await make_plan(desk, season_of(SAMPLE)) for _ in range(2)]
    for plan, state in decisions:
        await carry_out(desk, plan, state)
    assert len(await desk.list_all("/evenings", params={"season": "2037-2038"})) == 5


async def test_a_partner_that_nobody_knows_is_told_in_words(desk: Api) -> None:
    text = edited(("capacity: 400", "capacity: 400\n    allotments: {nobody: 10}"))
    with pytest.raises(ApiError) as caught:
        await applied(desk, text)
    assert "“First note”" in str(caught.value)
    assert "allotments.nobody: " in str(caught.value)
    assert "0 of 5 steps were done before that" in str(caught.value)


async def test_a_file_cannot_move_an_evening_into_the_past(desk: Api, wire: Wire) -> None:
    await applied(desk, SAMPLE)
    text = edited((f"{AMARE} ", "2019-09-24 "), ("capacity: 400", "capacity: 380"))
    with pytest.raises(SeasonFileError, match="evening 2, starts_at: must not move into the past"):
        await applied(desk, text)
    assert wire.written == ["POST"] * 5


async def test_registration_says_no_when_the_moment_came_after_the_file_was_read(desk: Api) -> None:
    await applied(desk, SAMPLE)
    text = edited((f"{AMARE} ", "2019-09-24 "))
    plan, state = await make_plan(desk, season_of(text), now=datetime(2018, 1, 1, tzinfo=UTC))
    with pytest.raises(ApiError, match="starts_at: must not move into the past"):
        await carry_out(desk, plan, state)
    assert (await evenings(desk))[AMARE]["version"] == 1
