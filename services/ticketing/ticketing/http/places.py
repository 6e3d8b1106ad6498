"""Routes for requesting a seat, giving one up, passing one on."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from culture_connect.contracts import EmailText
from culture_connect.contracts.values import rule
from culture_connect.http import Answer, FieldError, Problem, keyed_request, once
from culture_connect.messaging import UnitOfWork
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import Place, TicketState
from ticketing.http import examples
from ticketing.http.access import PROGRAMME, Acting, Actor
from ticketing.http.seat_requests import PlaceView, seat_requests_of
from ticketing.store import places, waiting_list
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases import transfer
from ticketing.use_cases.decline import decline as decline_place

router = APIRouter(tags=["places"])


class Asking(BaseModel):
    """The participant who would like to come; not needed from somebody who shows the secret of their own page."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SEAT_REQUEST]})

    participant_id: UUID | None = None


class PassingOn(BaseModel):
    """To whom: a `participant_id`, at once, on the word of the programme team; or an `email`, whose owner is asked."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.PASSING_ON]})

    participant_id: UUID | None = None
    email: EmailText | None = Field(default=None, validate_default=True, description="Of a colleague who takes part")

    @field_validator("email")
    @classmethod
    def _one_of_them(cls, email: str | None, info: ValidationInfo) -> str | None:
        # A participant_id that is not valid has an error of its own.
        if "participant_id" in info.data and (info.data["participant_id"] is None) == (email is None):
            code = "missing" if email is None else "not_allowed"
            raise rule(code, "expected either participant_id or email")
        return email


class OfferView(BaseModel):
    """A ticket that a colleague was asked to take; until they agree, it stays with its holder."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.OFFER]})

    offer_id: UUID
    ticket_id: UUID


@router.post(
    "/evenings/{evening_id}/tickets",
    status_code=HTTPStatus.CREATED,
    response_model=PlaceView,
    responses={200: {"model": PlaceView, "description": "They had one already, which stays as it is"}},
)
async def ask(request: Request, evening_id: UUID, actor: Acting, seat_request: Asking | None = None) -> Response:
    """A participant would like to come, and gets a ticket or a place in the line."""
    participant_id = _who(actor.participant_id, seat_request.participant_id if seat_request else None)
    if actor.evening_id not in (None, evening_id):
        raise RequestRefused(RefusalCode.NOT_YOURS)

    keyed = await keyed_request(request, actor.caller)
    reply = await seat_requests_of(request).request(evening_id, participant_id, keyed)
    return reply.answer.response(replayed=reply.replayed)


@router.post("/tickets/{ticket_id}/decline", response_model=PlaceView)
async def decline(request: Request, ticket_id: UUID, actor: Acting) -> Response:
    """Gives a ticket or a place in the line up; whoever is next gets a seat that comes free. Again: the same answer."""

    async def effect(work: UnitOfWork) -> Answer:
        await _check_evening(work, actor, ticket_id)
        place = await decline_place(work, _issuer(request), ticket_id, by=actor.participant_id)
        return Answer(HTTPStatus.OK, await _view(work, place))

    return await once(request, actor.caller, effect)


@router.post(
    "/tickets/{ticket_id}/pass-on",
    response_model=PlaceView,
    responses={202: {"model": OfferView, "description": "A colleague who can have the ticket is asked in a letter"}},
)
async def pass_on(request: Request, ticket_id: UUID, to: PassingOn, actor: Acting) -> Response:
    """Passes a ticket on to a colleague; answers with the colleague's ticket, or with the offer made to them.

    The answer to an offer does not tell whether anybody can have the ticket at that address.
    """
    if to.participant_id is not None:
        # Nobody gets a ticket of a colleague without having agreed: the programme team vouches for that.
        actor.caller.demand(PROGRAMME)

    async def effect(work: UnitOfWork) -> Answer:
        await _check_evening(work, actor, ticket_id)
        issuer = _issuer(request)
        if to.email is not None:
            offer_id = await transfer.offer(work, issuer, ticket_id, by=actor.participant_id, address=to.email)
            return Answer(HTTPStatus.ACCEPTED, OfferView(offer_id=offer_id, ticket_id=ticket_id))
        assert to.participant_id is not None  # noqa: S101 - either of them is there
        place = await transfer.pass_on(work, issuer, ticket_id, to.participant_id)
        return Answer(HTTPStatus.OK, await _view(work, place))

    return await once(request, actor.caller, effect)


def _who(themselves: UUID | None, named: UUID | None) -> UUID:
    if themselves is None:
        if named is None:
            error = FieldError("participant_id", "missing", "expected the participant who asks")
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error]
            )
        return named
    if named not in (None, themselves):
        raise RequestRefused(RefusalCode.NOT_YOURS)
    return themselves


async def _check_evening(work: UnitOfWork, actor: Actor, ticket_id: UUID) -> None:
    """Raises RequestRefused for the secret of a page of another evening, even where the ticket is the same person's."""
    if actor.evening_id is not None and await places.evening_of(work, ticket_id) not in (None, actor.evening_id):
        raise RequestRefused(RefusalCode.NOT_YOURS)


async def _view(work: UnitOfWork, place: Place) -> PlaceView:
    position = None
    if place.state is TicketState.WAITING and place.participant_id is not None:
        position = await waiting_list.position(work, place.evening_id, place.participant_id)
    return PlaceView.of(place, position)


def _issuer(request: Request) -> Issuer:
    issuer: Issuer = request.app.state.issuer
    return issuer
