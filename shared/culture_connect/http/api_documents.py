"""The API's documents: OpenAPI, AsyncAPI, and a reference page for people that loads nothing from elsewhere."""

import json
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from culture_connect.http.api_reference import ApiReference
from culture_connect.http.cache import LazyDocument

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
        "openapi": LazyDocument(lambda: json.dumps(app.openapi()).encode()),
        "asyncapi": LazyDocument(lambda: json.dumps(app.state.service.asyncapi()).encode()),
    }
    app.state.reference = ApiReference(app.title)


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
    """Returns the API reference page."""
    return _reference(request).page()


@router.get("/docs/{file}")
async def docs_file(file: str, request: Request) -> Response:
    """Returns a script or style sheet of that page."""
    return await _reference(request).file(file, request.scope)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The operations."""
    return Response(await request.app.state.documents["openapi"].text(), media_type=_JSON)


@router.get("/asyncapi.json")
async def asyncapi(request: Request) -> Response:
    """Returns the AsyncAPI document: the messages that the service consumes and publishes."""
    return Response(await request.app.state.documents["asyncapi"].text(), media_type=_JSON)


def _reference(request: Request) -> ApiReference:
    reference: ApiReference = request.app.state.reference
    return reference
