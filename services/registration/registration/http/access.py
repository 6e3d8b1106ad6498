"""Who may do what: the scopes of registration's API."""

from typing import Annotated

from fastapi import Depends

from culture_connect.http import Caller, requires

Programme = Annotated[Caller, Depends(requires("programme"))]
Readers = Annotated[Caller, Depends(requires("programme", "operator"))]
PartnerReaders = Annotated[Caller, Depends(requires("programme", "partner:{slug}"))]
