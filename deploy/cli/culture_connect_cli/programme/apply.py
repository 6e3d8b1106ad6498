"""Makes the programme of a season the same as its file, over registration's API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from culture_connect.contracts import Evening
from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.programme import plan_text
from culture_connect_cli.programme.plan import CallOff, Change, Plan, Scheduled, compare, decided, name_of
from culture_connect_cli.programme.season_file import Entry, SeasonFile, SeasonFileError, with_locations

Say = Callable[[str], None]
# The answer to a question: yes, no, or none that is one of the two.
Ask = Callable[[str], bool | None]
Step = CallOff | Change | Entry


@dataclass(frozen=True, slots=True)
class State:
    """What the plan was decided on: the evenings of the season and their versions."""

    versions: tuple[tuple[UUID, int], ...]


def _nobody(_: str) -> None:
    """Is not there to answer."""


async def apply(
    api: Api,
    season: SeasonFile,
    say: Say,
    *,
    prune: bool = False,
    dry_run: bool = False,
    agreed: Callable[[], bool],
    asked: Ask = _nobody,
    now: datetime | None = None,
) -> bool:
    """Shows the differences and, unless it is a dry run, puts them right; False when `agreed` did not say yes.

    `asked` is put the questions about what the file leaves in doubt. Raises SeasonFileError when that is not answered,
    and when the programme cannot become as the file says; ApiError when registration refuses.
    """
    now = now or datetime.now(UTC)
    season, programme = await read(api, season)
    plan = compare(season.entries, programme, now, prune=prune)
    if plan.doubts and not dry_run and not plan.conflicts:
        season = _without_doubts(season, programme, now, asked)
        plan = compare(season.entries, programme, now, prune=prune)
    for line in plan_text.lines(plan):
        say(line)
    if plan.conflicts:
        raise SeasonFileError([*plan.conflicts])
    if not plan.steps and not plan.doubts:
        say("Nothing is to be done.")
        return True
    if dry_run:
        return True
    if not agreed():
        say("Nothing was changed.")
        return False
    await carry_out(api, plan, _state(programme))
    say(f"Done: {len(plan.call_off)} called off, {len(plan.change)} changed, {len(plan.schedule)} scheduled.")
    return True


async def decide(
    api: Api, season: SeasonFile, *, prune: bool = False, now: datetime | None = None
) -> tuple[Plan, State]:
    """What is to be done, and on which state of the programme that was decided. Changes nothing."""
    season, programme = await read(api, season)
    return compare(season.entries, programme, now or datetime.now(UTC), prune=prune), _state(programme)


async def read(api: Api, season: SeasonFile) -> tuple[SeasonFile, list[Scheduled]]:
    """The season with all its locations, and the programme as it is."""
    if not all(entry.located for entry in season.entries):
        venues = await api.items("/venues")
        season = with_locations(season, {each["slug"]: f"{each['name']}, {each['address']}" for each in venues})
    return season, _programme(await api.items("/evenings", params={"season": season.season}))


def _state(programme: Sequence[Scheduled]) -> State:
    return State(tuple((each.evening.evening_id, each.evening.version) for each in programme))


def _without_doubts(season: SeasonFile, programme: Sequence[Scheduled], now: datetime, asked: Ask) -> SeasonFile:
    """The season when all doubts are answered. Raises SeasonFileError with what to write when one is not."""
    entries: Sequence[Entry] = season.entries
    while doubts := compare(entries, programme, now).doubts:
        moved = None
        for candidate in doubts[0].candidates:
            answer = asked(plan_text.question(doubts[0], candidate))
            if answer is None:
                raise SeasonFileError([line for doubt in doubts for line in plan_text.made_clear(doubt)])
            if answer:
                moved = candidate
                break
        entries = decided(entries, doubts[0], moved)
    return replace(season, entries=[*entries])


async def carry_out(api: Api, plan: Plan, state: State) -> None:
    """Calls off, then changes, then schedules: days are free before they are taken."""
    steps: tuple[Step, ...] = (*plan.call_off, *plan.change, *plan.schedule)
    for done, step in enumerate(steps):
        try:
            await _do(api, step, state)
        except ApiError as error:
            raise ApiError(_refused(step, error, done, len(steps)), error.status, error.code) from error


async def _do(api: Api, step: Step, state: State) -> None:
    match step:
        case CallOff(scheduled, reason):
            path, body = f"/evenings/{scheduled.evening.evening_id}/cancel", {"reason": reason and reason.model_dump()}
            key = _key(path, body, State(((scheduled.evening.evening_id, scheduled.evening.version),)))
            await api.post(path, json=body, headers=_if_match(scheduled.evening), key=key)
        case Change(scheduled):
            path = f"/evenings/{scheduled.evening.evening_id}"
            await api.patch(path, json=step.body, headers=_if_match(scheduled.evening))
        case Entry(draft=draft):
            body = draft.model_dump(mode="json", exclude_none=True)
            await api.post("/evenings", json=body, key=_key("/evenings", body, state))


def _if_match(evening: Evening) -> dict[str, str]:
    return {"If-Match": f'"{evening.version}"'}


def _key(path: str, body: Any, state: State) -> str:
    """The idempotency key: repeated on the same state it is the same request, after any change another one."""
    decided = [path, body, sorted((str(evening_id), version) for evening_id, version in state.versions)]
    return f"programme-{hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()}"


def _programme(items: Sequence[dict[str, Any]]) -> list[Scheduled]:
    try:
        return [
            Scheduled(
                Evening.model_validate({name: item.get(name) for name in Evening.model_fields}),
                cancelled=item["cancelled_at"] is not None,
            )
            for item in items
        ]
    except (ValidationError, KeyError) as error:
        raise ApiError("the evenings that registration answers with are not those of this version") from error


def _refused(step: Step, error: ApiError, done: int, steps: int) -> str:
    evening = step.draft if isinstance(step, Entry) else step.scheduled.evening
    text = str(error)
    if error.status == HTTPStatus.PRECONDITION_FAILED or error.code == "evening-cancelled":
        text = "somebody changed it meanwhile: run it again"
    return f"{name_of(evening)}: {text}\n{done} of {steps} steps were done before that"
