"""The means to issue tickets: signed codes and links to personal pages."""

from dataclasses import dataclass

from culture_connect.messaging.keyed_hash import KeyedHash
from ticketing.tickets.codes import Codes
from ticketing.tickets.links import Links


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs codes and draws links; `hashes` recognise the address a ticket was offered to."""

    codes: Codes
    links: Links
    hashes: KeyedHash
