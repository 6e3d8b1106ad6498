"""Bounces, posted by the program that reads the mailbox to which mail servers send them."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from culture_connect.http import Answer, Caller, Problem, once, requires
from culture_connect.messaging import UnitOfWork
from notifications.delivery import bounce_reports
from notifications.use_cases.record_bounce import record_bounce

_TYPE = "message/rfc822"
PATH: Final = "/bounces"
MAX_REPORT: Final = 1024 * 1024  # bytes: a report may have the whole mail in it
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "The report as it came, headers and all, of at most 1 MiB",
    "content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}


def router(domain: str) -> APIRouter:
    """Returns the route, for reports about mails whose ids end in `domain`."""
    routes = APIRouter(tags=["bounces"])

    @routes.post(
        PATH,
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        openapi_extra={"requestBody": _BODY},
    )
    async def take_bounce(
        request: Request, caller: Annotated[Caller, Depends(requires("operator", "mail"))]
    ) -> Response:
        """Takes a bounce as it came (RFC 3464).

        A failure for good makes its letters `failed`, and is told on the bus, once. Any other report, and one about a
        mail that is not ours, is taken and changes nothing.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", f"Expected {_TYPE}")
        bounce = await asyncio.to_thread(bounce_reports.parse, await request.body(), domain)
        if bounce is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not-a-bounce", "This is no report about a mail (RFC 3464)")

        async def effect(work: UnitOfWork) -> Answer:
            await record_bounce(work, bounce)
            return Answer(HTTPStatus.NO_CONTENT)

        return await once(request, caller, effect)

    return routes
