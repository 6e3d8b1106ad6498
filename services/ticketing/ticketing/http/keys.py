"""The public keys of ticket codes."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ticketing.tickets.issuer import Issuer

router = APIRouter(tags=["codes"])


@router.get("/.well-known/jwks.json")
async def jwks(request: Request, response: Response) -> dict[str, Any]:
    """The keys that ticket codes are signed with, as a JWK set (RFC 7517)."""
    issuer: Issuer = request.app.state.issuer
    response.headers["Cache-Control"] = "public, max-age=3600"
    return dict(issuer.codes.jwks)
