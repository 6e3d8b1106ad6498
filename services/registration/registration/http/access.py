"""The scopes of registration's API."""

from typing import Annotated

from fastapi import Depends, Path

from culture_connect.contracts import Slug
from culture_connect.http import Caller, requires

Programme = Annotated[Caller, Depends(requires("programme"))]
Readers = Annotated[Caller, Depends(requires("programme", "operator"))]
# A partner's own token reaches what belongs to that partner, and nothing else.
PartnerReaders = Annotated[Caller, Depends(requires("programme", "operator", "partner:{slug}"))]
PartnerPeople = Annotated[Caller, Depends(requires("programme", "partner:{slug}"))]
# In an address, where anything may stand, also what the database would not take.
PartnerSlug = Annotated[Slug, Path(description="The partner's short name")]
# Routes that ask themselves whose it is.
Anyone = Annotated[Caller, Depends(requires())]

_PARTNER = "partner:"


def visible_partners(caller: Caller) -> list[str] | None:
    """The slugs of the partners that the caller may see, None for all of them; a 403 problem when there are none."""
    if caller.may("programme", "operator"):
        return None
    own = [scope.removeprefix(_PARTNER) for scope in caller.scopes if scope.startswith(_PARTNER)]
    if not own:
        caller.demand("programme", "operator")
    return own
