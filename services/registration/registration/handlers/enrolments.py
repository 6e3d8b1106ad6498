"""The messages registration takes from the bus: each becomes one use case."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from culture_connect.contracts import (
    EmployeeRef,
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Envelope,
    ErasureCompleted,
    MailUndeliverable,
)
from culture_connect.messaging import Delivery, Handlers, InvalidDelivery, UnitOfWork
from registration import events
from registration.domain.enrolment import EnrolmentMessage
from registration.store.tombstones import Tombstones
from registration.use_cases.complete_erasures import complete_erasures
from registration.use_cases.decide_enrolments import answer_enrolments
from registration.use_cases.report_undeliverable import report_undeliverable

_EMPLOYEE_REF: TypeAdapter[str] = TypeAdapter(EmployeeRef)


def enrolment_handlers(tombstones: Tombstones) -> Handlers:
    """For the queues of the partners' HR systems."""
    handlers = Handlers(key=employee_of)

    # One handler for all three, so that the order in which they arrived is the order in which they are decided.
    @handlers.on(EnrolmentRequested, EnrolmentWithdrawn, EnrolmentErased)
    async def take_enrolments(work: UnitOfWork, deliveries: Sequence[Delivery[EnrolmentMessage]]) -> None:
        # All are from one queue, and so from one partner, whatever they say themselves.
        partner = _partner_of(deliveries[0])
        messages = [(each.message, each.envelope) for each in deliveries]
        await answer_enrolments(work, tombstones, partner, messages)

    handlers.on_invalid(refuse_unreadable)
    return handlers


def employee_of(message: EnrolmentMessage, _: Envelope) -> str:
    """The key by which an HR queue keeps order: behind a message that waits for another try, others of its key wait."""
    return message.employee_ref


def event_handlers() -> Handlers:
    """For the queue with what the other services tell."""
    handlers = Handlers()
    handlers.on(MailUndeliverable)(take_bounces)
    handlers.on(ErasureCompleted)(take_completed_erasures)
    return handlers


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


async def take_bounces(work: UnitOfWork, deliveries: Sequence[Delivery[MailUndeliverable]]) -> None:
    """Mail to participants that came back."""
    bounces = [(each.message, each.envelope) for each in deliveries]
    await report_undeliverable(work, bounces)


async def take_completed_erasures(work: UnitOfWork, deliveries: Sequence[Delivery[ErasureCompleted]]) -> None:
    """Services that have forgotten somebody."""
    await complete_erasures(work, [(each.message.participant_id, each.envelope) for each in deliveries])


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
