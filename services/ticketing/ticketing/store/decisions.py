"""Recorded decisions: the answer to "why did I not get in?"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rows import fetch_all

_RECORD = text(
    """
    insert into decisions (evening_id, participant_id, ticket_id, decided_at, outcome, rule, figures)
    select :evening, participant_id, ticket_id, :now, outcome, rule, figures::jsonb
    from unnest(
        cast(:participant_ids as uuid[]), cast(:ticket_ids as uuid[]), cast(:outcomes as text[]),
        cast(:rules as text[]), cast(:figures as text[])
    ) with ordinality as new (participant_id, ticket_id, outcome, rule, figures, nth)
    order by nth
    """
)

# Compared as rows, so that the index of the evening is read: ordered by number alone, those of all evenings before it
# would be skipped one by one.
_LIST = text(
    """
    select decision_id, participant_id, ticket_id, decided_at, outcome, rule, figures
    from decisions
    where (evening_id, decision_id) > (:evening, :after) and evening_id <= :evening
    and (cast(:participant as uuid) is null or participant_id = :participant)
    order by evening_id, decision_id limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be recorded, with its figures ready for JSON."""

    participant_id: UUID | None
    ticket_id: UUID | None
    outcome: str
    rule: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it was recorded; without a participant once that was erased."""

    decision_id: int
    participant_id: UUID | None
    ticket_id: UUID | None
    decided_at: datetime
    outcome: str
    rule: str
    figures: dict[str, Any]


async def record(work: UnitOfWork, evening: UUID, decisions: Sequence[NewDecision]) -> None:
    """Records these decisions about an evening, in their order."""
    if not decisions:
        return
    await work.execute(
        _RECORD,
        {
            "evening": evening,
            "now": work.now,
            "participant_ids": [each.participant_id for each in decisions],
            "ticket_ids": [each.ticket_id for each in decisions],
            "outcomes": [each.outcome for each in decisions],
            "rules": [each.rule for each in decisions],
            "figures": [to_json(each.figures).decode() for each in decisions],
        },
    )


async def of_evening(
    work: UnitOfWork, evening: UUID, *, participant: UUID | None, after: int, limit: int
) -> list[RecordedDecision]:
    """Returns decisions about an evening, or about one person there, from the first one after `after` on."""
    parameters = {"evening": evening, "participant": participant, "after": after, "limit": limit}
    return await fetch_all(work, RecordedDecision, _LIST, parameters)
