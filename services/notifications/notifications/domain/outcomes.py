"""The outcomes of sending a mail, at once or by a later report, and the faults behind them.

Only a fault of the address is HR's to correct. One rule holds for the SMTP session and for what a server reports later:
an enhanced status code (RFC 3463, and IANA's registry of RFC 5248) names the fault by its subject and detail, whatever
its class, which says for how long. Without one, the basic code of the reply does, as far as RFC 5321 (4.2.3) gives it a
meaning.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

_STATUS = re.compile(r"[245]\.([0-9]{1,3})\.([0-9]{1,3})")
# Of the sender's own address: RFC 3463, 3.2 (X.1.7 and X.1.8).
_OF_SENDER = frozenset({(1, 7), (1, 8)})
_OF_ADDRESS = frozenset({1, 4})  # the address; whether its domain can be reached (RFC 3463, 3.2 and 3.5)
_DISABLED, _FULL = (2, 1), (2, 2)
# "Mailbox unavailable", "user not local", "mailbox name not allowed"; 552 is a full mailbox.
_UNAVAILABLE, _EXCEEDED = frozenset({550, 551, 553}), 552


class DeliveryFault(StrEnum):
    """The cause of a failure. All but the address is the operator's to see."""

    ADDRESS = "address"
    MAILBOX_FULL = "mailbox-full"
    OTHER = "other"  # policy, content, a server; or nobody says


@dataclass(frozen=True, slots=True)
class MailSent:
    """The server took the mail."""

    label: ClassVar[str] = "sent"


@dataclass(frozen=True, slots=True)
class MailRefused:
    """The server will never take the mail; `reason` is a short code."""

    label: ClassVar[str] = "refused"

    reason: str
    fault: DeliveryFault = field(default=DeliveryFault.OTHER, compare=False)


@dataclass(frozen=True, slots=True)
class MailDeferred:
    """The server does not take the mail now. `reason` is a short code, `fault` the cause, should it never take it.

    `server_away` is true when the fault is the server's or the connection's, and any other mail would meet it as well;
    `may_have_arrived` when the session broke off so late that the server may have taken the mail.
    """

    label: ClassVar[str] = "deferred"

    reason: str
    server_away: bool = False
    may_have_arrived: bool = False
    fault: DeliveryFault = field(default=DeliveryFault.OTHER, compare=False)


DeliveryOutcome = MailSent | MailRefused | MailDeferred


class DsnAction(StrEnum):
    """The fate of a mail as a delivery status notification gives it (RFC 3464, 2.3.3), the best first."""

    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"
    DELAYED = "delayed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BounceReport:
    """A report about a mail: `letter_id` of the letter that leads it, None when it is none of ours.

    `status` is a code such as 5.1.1 (RFC 3463). A mail of ours has one addressee. When the report lists several,
    the address leads to several people, and this is the best fate among them: a mail that reached one has arrived.
    `fault` is the cause of a failure.
    """

    letter_id: UUID | None
    action: DsnAction
    status: str
    fault: DeliveryFault = field(default=DeliveryFault.OTHER, compare=False)

    @property
    def permanent(self) -> bool:
        """Returns whether the mail will never arrive: a delay ends, as does a server's absence."""
        return self.action is DsnAction.FAILED and self.status.startswith("5")


def classify_fault(status: str | None, code: int | None = None, *, of_text: bool = False) -> DeliveryFault:
    """Returns the fault behind a status code and a reply code, each None where it was not given.

    `of_text` when the whole text had been sent: what is refused then is the text, as the recipient had been accepted.
    """
    found = _STATUS.fullmatch(status or "")
    subject, detail = (int(found[1]), int(found[2])) if found else (0, 0)
    if (subject, detail) == (0, 0):
        return _by_code(code, of_text=of_text)
    if (subject, detail) == _FULL:
        return DeliveryFault.MAILBOX_FULL
    if (subject, detail) == _DISABLED or (subject in _OF_ADDRESS and (subject, detail) not in _OF_SENDER):
        # A server that answered "not now" was reached: then the way to it is none of the address's faults.
        busy = subject == 4 and code is not None and code < 500
        return DeliveryFault.OTHER if busy else DeliveryFault.ADDRESS
    return DeliveryFault.OTHER


def _by_code(code: int | None, *, of_text: bool) -> DeliveryFault:
    if code == _EXCEEDED:
        return DeliveryFault.MAILBOX_FULL
    return DeliveryFault.ADDRESS if code in _UNAVAILABLE and not of_text else DeliveryFault.OTHER
