"""The API's documents: OpenAPI, AsyncAPI, and a page for people that loads nothing from elsewhere."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from culture_connect.http.docs_page import render

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The operations as a page; nothing on it runs."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(render(request.app.openapi()), headers={"Content-Security-Policy": policy})


@router.get("/asyncapi.json")
async def asyncapi(request: Request) -> Response:
    """What the service takes from the bus and puts on it."""
    document: dict[str, Any] = request.app.state.service.asyncapi()
    return JSONResponse(document)
