"""How an attempt to send a letter ended."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take it for this address; `reason` is a short code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. `reason` is a short code.

    `server_away` is true when the fault is the server's or the line's, and any other letter would meet it as well;
    `may_have_arrived` when the dialogue broke off so late that the server may have taken the letter.
    """

    reason: str
    server_away: bool = False
    may_have_arrived: bool = False


Outcome = Sent | Refused | Deferred
