"""Handlers of the messages of partners' HR systems: who joins, who leaves, who is to be erased."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from culture_connect.contracts import (
    EmployeeRef,
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Envelope,
)
from culture_connect.messaging import Delivery, EventRouter, InvalidDelivery, UnitOfWork
from culture_connect.messaging.topology import ENROLMENT_QUEUES
from registration import events
from registration.domain.enrolment import EnrolmentMessage
from registration.store.tombstones import Tombstones
from registration.use_cases.decide_enrolments import answer_enrolments

_EMPLOYEE_REF: TypeAdapter[str] = TypeAdapter(EmployeeRef)


def enrolment_router(tombstones: Tombstones) -> EventRouter:
    """Subscribes to the queues of the partners' HR systems."""
    router = EventRouter()
    enrolment_messages = router.batch_subscriber(ENROLMENT_QUEUES, vhost="edge", ordering_key=employee_of)

    # One handler for all three, so that the order in which they arrived is the order in which they are decided.
    @enrolment_messages(EnrolmentRequested, EnrolmentWithdrawn, EnrolmentErased)
    async def decide_enrolments(work: UnitOfWork, deliveries: Sequence[Delivery[EnrolmentMessage]]) -> None:
        # All are from one queue, and so from one partner, whatever they say themselves.
        partner = _partner_of(deliveries[0])
        messages = [(each.message, each.envelope) for each in deliveries]
        await answer_enrolments(work, tombstones, partner, messages)

    enrolment_messages.invalid(refuse_unreadable)
    return router


def employee_of(message: EnrolmentMessage, _: Envelope) -> str:
    """The key by which an HR queue keeps order: behind a message that waits for another try, others of its key wait."""
    return message.employee_ref


async def refuse_unreadable(work: UnitOfWork, invalid: Sequence[InvalidDelivery]) -> None:
    """Answers messages that cannot be read; nothing else becomes of them."""
    for delivery in invalid:
        events.enrolment_refused(
            work,
            _partner_of(delivery),
            delivery.envelope_id,
            delivery.problems,
            employee_ref=_employee_ref(delivery.data),
            cause=Envelope(id=delivery.envelope_id, type=delivery.type or "", source="/", time=work.now),
        )


def _partner_of(delivery: Delivery[EnrolmentMessage] | InvalidDelivery) -> str:
    if delivery.party is None:
        raise ValueError(f"{delivery.queue} belongs to no partner")
    return delivery.party


def _employee_ref(data: object) -> str | None:
    """The employee reference of a message that is wrong otherwise, when it can be told."""
    try:
        return _EMPLOYEE_REF.validate_python(data.get("employee_ref") if isinstance(data, dict) else None)
    except ValidationError:
        return None
