"""The API's documents: OpenAPI, AsyncAPI, and a page for people that loads nothing from elsewhere."""

import json
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from culture_connect.http.cached_answers import Once
from culture_connect.http.docs_page import render

router = APIRouter(include_in_schema=False)

_JSON: Final = "application/json"
_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request has one effect, and within a day the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def equip(app: FastAPI) -> None:
    """Gives the routes their documents. Call it when all routes of the application are there."""
    _tell_of_keys(app)
    app.state.documents = {
        "openapi": Once(lambda: json.dumps(app.openapi()).encode()),
        "asyncapi": Once(lambda: json.dumps(app.state.service.asyncapi()).encode()),
        "docs": Once(lambda: render(app.openapi()).encode()),
    }


def _tell_of_keys(app: FastAPI) -> None:
    """Puts the header that every POST takes into the document: it is read where it works (`idempotency`)."""
    described = app.openapi

    def with_keys() -> dict[str, Any]:
        document = described()
        for operation in (methods["post"] for methods in document["paths"].values() if "post" in methods):
            parameters = operation.setdefault("parameters", [])
            if _KEY not in parameters:
                parameters.append(_KEY)
        return document

    # FastAPI's own way to extend the document.
    app.openapi = with_keys  # type: ignore[method-assign]


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The operations as a page; nothing on it runs."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    page = await request.app.state.documents["docs"].text()
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The operations."""
    return Response(await request.app.state.documents["openapi"].text(), media_type=_JSON)


@router.get("/asyncapi.json")
async def asyncapi(request: Request) -> Response:
    """What the service takes from the bus and puts on it."""
    return Response(await request.app.state.documents["asyncapi"].text(), media_type=_JSON)
