"""How an attempt to send a letter ended."""

from dataclasses import dataclass, field

from notifications.domain.faults import Fault


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take it; `reason` is a short code, `fault` where it lies."""

    reason: str
    fault: Fault = field(default=Fault.OTHER, compare=False)


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. `reason` is a short code, `fault` where it lies, should it never be.

    `server_away` is true when the fault is the server's or the line's, and any other letter would meet it as well;
    `may_have_arrived` when the dialogue broke off so late that the server may have taken the letter.
    """

    reason: str
    server_away: bool = False
    may_have_arrived: bool = False
    fault: Fault = field(default=Fault.OTHER, compare=False)


Outcome = Sent | Refused | Deferred
