"""Decisions about seats, with their explanations."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from culture_connect.contracts import Language
from culture_connect.http import Page, PageQuery, not_found, page_of
from culture_connect.messaging import Database
from ticketing.domain.decisions import Outcome, Rule
from ticketing.http import examples
from ticketing.http.access import Programme
from ticketing.pages.explanations import explain
from ticketing.store import decisions as store
from ticketing.store import overviews
from ticketing.store.decisions import RecordedDecision

router = APIRouter(prefix="/evenings", tags=["evenings"])

DecisionNumber = Annotated[int, Field(ge=0, lt=2**63)]  # what PostgreSQL numbers them with


class Explanation(BaseModel):
    """The decision in words."""

    nl: str
    en: str


class DecisionView(BaseModel):
    """A decision: which rule gave or took a seat, and the figures it compared; without a participant once erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DECISION]})

    decision_id: int
    participant_id: UUID | None
    ticket_id: UUID | None
    decided_at: datetime
    outcome: Outcome
    rule: Rule
    figures: dict[str, Any]
    explanation: Explanation

    @classmethod
    def of(cls, recorded: RecordedDecision) -> Self:
        """Returns the view of a recorded decision, with its explanation."""
        nl, en = (
            explain(recorded.outcome, recorded.rule, recorded.figures, language)
            for language in (Language.NL, Language.EN)
        )
        return cls(**asdict(recorded), explanation=Explanation(nl=nl, en=en))


@router.get("/{evening_id}/decisions")
async def decisions(
    request: Request,
    evening_id: UUID,
    wanted: PageQuery,
    _: Programme,
    participant_id: Annotated[UUID | None, Query(description="Only those about this participant")] = None,
) -> Page[DecisionView]:
    """Every grant, wait, promotion and loss of an evening, in the order in which they were decided."""
    database: Database = request.app.state.database
    after = wanted.after(DecisionNumber) or (0,)
    async with database.snapshot() as work:
        if await overviews.evening(work, evening_id) is None:
            raise not_found("evening")
        rows = await store.of_evening(
            work, evening_id, participant=participant_id, after=after[0], limit=wanted.limit + 1
        )
    return page_of([DecisionView.of(row) for row in rows], wanted, key=lambda decision: (decision.decision_id,))
