"""The API's documents: OpenAPI, AsyncAPI, and a page for people that loads nothing from elsewhere."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from culture_connect.http.docs_page import render

router = APIRouter(include_in_schema=False)

_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request has one effect, and within a day the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def tell_of_keys(app: FastAPI) -> None:
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
    return HTMLResponse(render(request.app.openapi()), headers={"Content-Security-Policy": policy})


@router.get("/asyncapi.json")
async def asyncapi(request: Request) -> Response:
    """What the service takes from the bus and puts on it."""
    document: dict[str, Any] = request.app.state.service.asyncapi()
    return JSONResponse(document)
