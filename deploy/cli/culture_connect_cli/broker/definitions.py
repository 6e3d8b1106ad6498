"""The external clients (HR systems and box offices) in the definitions of a broker."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from culture_connect.messaging.topology import (
    PartyKind,
    Vhosts,
    admissions_queue,
    box_office_account,
    enrolments_queue,
    hr_account,
    receipts_queue,
    tickets_queue,
)

Definitions = Mapping[str, Sequence[Mapping[str, Any]]]

_CLIENT = re.compile(
    r"(?:hr\.(?P<partner>[a-z0-9-]+)(?:\.(?:enrolments|receipts))?"
    r"|box-office\.(?P<venue>[a-z0-9-]+)(?:\.(?:admissions|tickets))?)"
)


@dataclass(frozen=True, slots=True)
class ExternalClients:
    """The slugs of partners and venues of which a broker has an account, an exchange or a queue."""

    partners: tuple[str, ...]
    venues: tuple[str, ...]


def find_clients(found: Definitions, vhosts: Vhosts, *, with_account: bool = False) -> ExternalClients:
    """The external clients in the definitions. `with_account` leaves out those without an account, such as half
    removed ones."""
    names = _accounts_of(found, vhosts)
    if not with_account:
        rows = (*found.get("exchanges", ()), *found.get("queues", ()))
        names |= {row["name"] for row in rows if row["vhost"] == vhosts.edge}
    matches = [match for name in names if (match := _CLIENT.fullmatch(name))]
    partners, venues = ({m[group] for m in matches if m[group]} for group in ("partner", "venue"))
    return ExternalClients(tuple(sorted(partners)), tuple(sorted(venues)))


def _accounts_of(found: Definitions, vhosts: Vhosts) -> set[str]:
    """The accounts with permissions on the edge, or without any permission."""
    permissions = found.get("permissions", ())
    elsewhere = {row["user"] for row in permissions} - {
        row["user"] for row in permissions if row["vhost"] == vhosts.edge
    }
    return {row["name"] for row in found.get("users", ())} - elsewhere


def client_names(kind: PartyKind, name: str) -> tuple[str, str, str]:
    """The account (and exchange), the inbound queue and the outbound queue of an external client."""
    if kind == "hr":
        return hr_account(name), enrolments_queue(name), receipts_queue(name)
    return box_office_account(name), admissions_queue(name), tickets_queue(name)
