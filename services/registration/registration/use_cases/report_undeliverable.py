"""Reports to HR systems which of their people mail does not reach."""

from collections.abc import Collection

from culture_connect.contracts import Envelope, MailUndeliverable
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.store import participants


async def report_undeliverable(work: UnitOfWork, bounces: Collection[tuple[MailUndeliverable, Envelope]]) -> None:
    """Tells each HR system the employee and the address of a bounce.

    Nobody hears of those who were erased, nor of an address that was corrected since.
    """
    found = await participants.employees(work, {bounce.participant_id for bounce, _ in bounces})
    for bounce, envelope in bounces:
        if (employee := found.get(bounce.participant_id)) is None:
            continue
        present = address_digest(employee.partner, employee.email).hex()
        if bounce.address_sha256 not in (None, present):
            continue
        events.mail_undeliverable(
            work,
            employee.partner,
            bounce.participant_id,
            employee_ref=employee.employee_ref,
            email=employee.email,
            cause=envelope,
        )
