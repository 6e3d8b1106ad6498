"""The lists that box offices make from their feeds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.service.ticketing.harness import PublishedEvent


@dataclass(frozen=True)
class DoorListTicket:
    """A ticket that counts, as a box office has it."""

    code: str
    holder_name: str
    partner_name: str
    version: int
    admitted_at: datetime | None = None


@dataclass
class DoorList:
    """The list that a box office makes from its feed: it ignores what is not newer than what it has of the same ticket.

    It remembers tickets that were cancelled, and nothing of a ticket that it never had.
    """

    tickets: dict[str, DoorListTicket] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    evening: dict[str, Any] = field(default_factory=dict)

    def apply(self, messages: Iterable[PublishedEvent]) -> "DoorList":
        """Applies these messages, in their order."""
        for message in messages:
            kind, _, what = message.type.partition(".")
            if kind == "evening" and message.data["version"] > self.evening.get("version", 0):
                # Which fields are others now is of no use to one who keeps them all.
                self.evening = {**message.data, "changed": None, "cancelled": what == "cancelled"}
            elif kind == "ticket" and message.data["version"] > self._known(message.data["ticket_id"]):
                self._take(what, message.data)
        return self

    def copy(self) -> "DoorList":
        """A list that stays as this one is now."""
        return DoorList(dict(self.tickets), dict(self.gone), self.evening)

    def _known(self, ticket_id: str) -> int:
        ticket = self.tickets.get(ticket_id)
        return ticket.version if ticket else self.gone.get(ticket_id, 0)

    def _take(self, what: str, data: dict[str, Any]) -> None:
        ticket_id, version = data["ticket_id"], data["version"]
        if what == "issued":
            self.tickets[ticket_id] = DoorListTicket(data["code"], data["holder_name"], data["partner_name"], version)
        elif what == "cancelled":
            self.tickets.pop(ticket_id, None)
            self.gone[ticket_id] = version
        elif ticket_id in self.tickets:
            admitted_at = datetime.fromisoformat(data["admitted_at"])
            self.tickets[ticket_id] = replace(self.tickets[ticket_id], version=version, admitted_at=admitted_at)


def in_any_order(messages: Iterable[PublishedEvent]) -> dict[str, DoorListTicket]:
    """The list of a box office that does what its guide says, whatever the order in which its messages arrive.

    The highest version of any type says whether a ticket counts and who is in, the highest `ticket.issued` the names.
    """
    newest: dict[tuple[str, str], PublishedEvent] = {}
    for message in messages:
        if message.type.startswith("ticket."):
            key = message.data["ticket_id"], message.type
            newest[key] = max(newest.get(key, message), message, key=lambda each: int(each.data["version"]))
    by_ticket: dict[str, dict[str, PublishedEvent]] = {}
    for (ticket_id, type_), message in newest.items():
        by_ticket.setdefault(ticket_id, {})[type_] = message
    return {
        ticket_id: _ticket(published)
        for ticket_id, published in by_ticket.items()
        if _last(published).type != "ticket.cancelled"
    }


def listed(snapshot: Mapping[str, Any]) -> dict[str, DoorListTicket]:
    """The answer of `GET /evenings/{id}/tickets`, as a `DoorList` has it."""
    tickets = {}
    for row in snapshot["tickets"]:
        admitted_at = row["admitted_at"] and datetime.fromisoformat(row["admitted_at"])
        assert (row["state"] == "admitted") == (admitted_at is not None)
        tickets[row["ticket_id"]] = DoorListTicket(
            row["code"], row["holder_name"], row["partner_name"], row["version"], admitted_at
        )
    return tickets


def _last(published: Mapping[str, PublishedEvent]) -> PublishedEvent:
    return max(published.values(), key=lambda each: int(each.data["version"]))


def _ticket(published: Mapping[str, PublishedEvent]) -> DoorListTicket:
    names, last = published["ticket.issued"].data, _last(published).data
    admitted_at = last.get("admitted_at")
    return DoorListTicket(
        names["code"],
        names["holder_name"],
        names["partner_name"],
        last["version"],
        datetime.fromisoformat(admitted_at) if admitted_at else None,
    )
