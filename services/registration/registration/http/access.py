"""Who may do what: the scopes of registration's API."""

from typing import Annotated

from fastapi import Depends

from culture_connect.http import Caller, requires

Programme = Annotated[Caller, Depends(requires("programme"))]
Readers = Annotated[Caller, Depends(requires("programme", "operator"))]
# A partner's own token reaches what belongs to that partner, and nothing else.
PartnerReaders = Annotated[Caller, Depends(requires("programme", "operator", "partner:{slug}"))]
PartnerPeople = Annotated[Caller, Depends(requires("programme", "partner:{slug}"))]
# Routes that ask themselves whose it is.
Anyone = Annotated[Caller, Depends(requires())]

_PARTNER = "partner:"


def visible_partners(caller: Caller) -> list[str] | None:
    """The slugs of the partners that the caller may see, None for all of them."""
    if caller.may("programme", "operator"):
        return None
    return [scope.removeprefix(_PARTNER) for scope in caller.scopes if scope.startswith(_PARTNER)]
