"""Whose fault it is that a mail does not arrive: only a fault of the address is HR's to correct.

One rule for what a server says in the dialogue and for what it reports later. An enhanced status code (RFC 3463, and
the registry of IANA that RFC 5248 began) says it by its subject and detail, whatever its class: the class says for how
long. Where there is none, the basic code of the reply says it as far as RFC 5321 (4.2.3) gives it a meaning.
"""

import re
from enum import StrEnum

_STATUS = re.compile(r"[245]\.([0-9]{1,3})\.([0-9]{1,3})")
# Of the sender's own address: RFC 3463, 3.2 (X.1.7 and X.1.8).
_OURS = frozenset({(1, 7), (1, 8)})
_ABOUT_ADDRESS = frozenset({1, 4})  # the address; whether its domain can be reached (RFC 3463, 3.2 and 3.5)
_DISABLED, _FULL = (2, 1), (2, 2)
# "Mailbox unavailable", "user not local", "mailbox name not allowed"; 552 is a full mailbox.
_UNAVAILABLE, _EXCEEDED = frozenset({550, 551, 553}), 552


class Fault(StrEnum):
    """Where it lies. What is not the address's is the operator's to see."""

    ADDRESS = "address"
    MAILBOX_FULL = "mailbox-full"
    OTHER = "other"  # policy, content, a server; or nobody says


def fault_of(status: str | None, code: int | None = None, *, of_text: bool = False) -> Fault:
    """The fault that a status code and a reply code tell of, each None where it was not given.

    `of_text` when the whole text had been sent: what is refused then is the text, as the recipient had been accepted.
    """
    found = _STATUS.fullmatch(status or "")
    subject, detail = (int(found[1]), int(found[2])) if found else (0, 0)
    if (subject, detail) == (0, 0):
        return _of_code(code, of_text=of_text)
    if (subject, detail) == _FULL:
        return Fault.MAILBOX_FULL
    if (subject, detail) == _DISABLED or (subject in _ABOUT_ADDRESS and (subject, detail) not in _OURS):
        # A server that answered "not now" was reached: then the way to it is none of the address's faults.
        busy = subject == 4 and code is not None and code < 500
        return Fault.OTHER if busy else Fault.ADDRESS
    return Fault.OTHER


def _of_code(code: int | None, *, of_text: bool) -> Fault:
    if code == _EXCEEDED:
        return Fault.MAILBOX_FULL
    return Fault.ADDRESS if code in _UNAVAILABLE and not of_text else Fault.OTHER
