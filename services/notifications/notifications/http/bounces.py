"""What mail servers report about letters, handed in by whoever reads the mailbox that they report to."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from culture_connect.http import Caller, requires
from culture_connect.http.problems import FieldError, Problem
from culture_connect.messaging import Database
from notifications.bouncing import note
from notifications.sending.bounces import NotABounceError, read

_TYPES = ("message/rfc822", "application/octet-stream")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def router(domain: str) -> APIRouter:
    """The route, for reports about mails whose ids end in `domain`."""
    routes = APIRouter(tags=["bounces"])

    @routes.post("/bounces", status_code=HTTPStatus.NO_CONTENT, openapi_extra=_BODY)
    async def take_bounce(request: Request, _: Annotated[Caller, Depends(requires("operator"))]) -> Response:
        """Takes a bounce as it came (RFC 3464). A failure for good makes its letter `failed` and is told on the bus
        once; any other report, and one about a mail that is not ours, changes nothing. May be repeated.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Expected message/rfc822")
        try:
            bounce = read(await request.body(), domain)
        except NotABounceError as error:
            problem = FieldError("body", "not-a-bounce", str(error))
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[problem]
            ) from None
        database: Database = request.app.state.database
        await database.transact(lambda work: note(work, bounce))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return routes
