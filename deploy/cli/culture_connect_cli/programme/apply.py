"""Applies the file of a season to the programme, through registration's API."""

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
from culture_connect_cli.programme.plan import Cancellation, Change, Plan, Scheduled, compare, name_of, resolve
from culture_connect_cli.programme.season_file import Entry, SeasonFile, SeasonFileError, with_locations

Report = Callable[[str], None]
# Yes, no, or None for no answer.
Ask = Callable[[str], bool | None]
Step = Cancellation | Change | Entry


@dataclass(frozen=True, slots=True)
class State:
    """The evenings of the season and their versions, on which a plan is based."""

    versions: tuple[tuple[UUID, int], ...]


def _no_answer(_: str) -> None:
    """Answers no question."""


async def apply(
    api: Api,
    season: SeasonFile,
    report: Report,
    *,
    prune: bool = False,
    dry_run: bool = False,
    confirm: Callable[[], bool],
    ask: Ask = _no_answer,
    now: datetime | None = None,
) -> bool:
    """Shows the plan and, unless it is a dry run, carries it out; False when `confirm` does not agree.

    `ask` decides ambiguities of the file. Raises SeasonFileError when one is not decided or the file conflicts with the
    programme; ApiError when registration refuses.
    """
    now = now or datetime.now(UTC)
    season, programme = await read(api, season)
    plan = compare(season.entries, programme, now, prune=prune)
    if plan.ambiguities and not dry_run and not plan.conflicts:
        season = _disambiguate(season, programme, now, ask)
        plan = compare(season.entries, programme, now, prune=prune)
    for line in plan_text.plan_lines(plan):
        report(line)
    if plan.conflicts:
        raise SeasonFileError([*plan.conflicts])
    if not plan.steps and not plan.ambiguities:
        report("Nothing is to be done.")
        return True
    if dry_run:
        return True
    if not confirm():
        report("Nothing was changed.")
        return False
    await carry_out(api, plan, _state(programme))
    report(f"Done: {len(plan.cancel)} called off, {len(plan.change)} changed, {len(plan.schedule)} scheduled.")
    return True


async def make_plan(
    api: Api, season: SeasonFile, *, prune: bool = False, now: datetime | None = None
) -> tuple[Plan, State]:
    """The plan and the state of the programme it is based on. Changes nothing."""
    season, programme = await read(api, season)
    return compare(season.entries, programme, now or datetime.now(UTC), prune=prune), _state(programme)


async def read(api: Api, season: SeasonFile) -> tuple[SeasonFile, list[Scheduled]]:
    """The season with all locations, and its present programme."""
    if not all(entry.located for entry in season.entries):
        venues = await api.list_all("/venues")
        season = with_locations(season, {each["slug"]: f"{each['name']}, {each['address']}" for each in venues})
    return season, _programme(await api.list_all("/evenings", params={"season": season.season}))


def _state(programme: Sequence[Scheduled]) -> State:
    return State(tuple((each.evening.evening_id, each.evening.version) for each in programme))


def _disambiguate(season: SeasonFile, programme: Sequence[Scheduled], now: datetime, ask: Ask) -> SeasonFile:
    """The season without ambiguities. Raises SeasonFileError with what to write when one is not decided."""
    entries: Sequence[Entry] = season.entries
    while ambiguities := compare(entries, programme, now).ambiguities:
        moved = None
        for candidate in ambiguities[0].candidates:
            answer = ask(plan_text.question(ambiguities[0], candidate))
            if answer is None:
                raise SeasonFileError(
                    [line for ambiguity in ambiguities for line in plan_text.how_to_disambiguate(ambiguity)]
                )
            if answer:
                moved = candidate
                break
        entries = resolve(entries, ambiguities[0], moved)
    return replace(season, entries=[*entries])


async def carry_out(api: Api, plan: Plan, state: State) -> None:
    """Cancels, then changes, then schedules, so that days are free before they are taken."""
    steps: tuple[Step, ...] = (*plan.cancel, *plan.change, *plan.schedule)
    for done, step in enumerate(steps):
        try:
            await _do(api, step, state)
        except ApiError as error:
            raise ApiError(_refused(step, error, done, len(steps)), error.status, error.code) from error


async def _do(api: Api, step: Step, state: State) -> None:
    match step:
        case Cancellation(scheduled, reason):
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
    """The idempotency key: the same for the same request in the same state, another after any change."""
    request = [path, body, sorted((str(evening_id), version) for evening_id, version in state.versions)]
    return f"programme-{hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()}"


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
        raise ApiError("registration answers with evenings of another version") from error


def _refused(step: Step, error: ApiError, done: int, steps: int) -> str:
    evening = step.draft if isinstance(step, Entry) else step.scheduled.evening
    text = str(error)
    if error.status == HTTPStatus.PRECONDITION_FAILED or error.code == "evening-cancelled":
        text = "somebody changed it meanwhile: run it again"
    return f"{name_of(evening)}: {text}\n{done} of {steps} steps were done before that"
