"""Routes for liveness, readiness and metrics."""

from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from culture_connect.http.cache import RateLimitedText, SingleFlight

router = APIRouter(include_in_schema=False)


def equip(app: FastAPI) -> None:
    """Gives the routes what all who ask share: they are open to anybody and never limited."""
    service = app.state.service
    app.state.readiness = SingleFlight(service.problems)
    app.state.figures = RateLimitedText(lambda: generate_latest(service.telemetry.registry))


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers; nothing else is looked at, since restarting it would not bring back a database."""
    return {"status": "alive"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """503 with the list of problems while the replica cannot do its work.

    What keeps it from a part of it alone, such as one partner's queue, is a warning.
    """
    problems: list[str] = list(await request.app.state.readiness.result())
    warnings: list[str] = request.app.state.service.warnings()
    if request.app.state.tokens.problem is not None:
        problems.append(request.app.state.tokens.problem)
    if problems:
        body = {"status": "not ready", "problems": problems, "warnings": warnings}
        return JSONResponse(body, HTTPStatus.SERVICE_UNAVAILABLE)
    return JSONResponse({"status": "ready", "problems": [], "warnings": warnings})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts and sizes in the text format of Prometheus."""
    return Response(request.app.state.figures.text(), media_type=CONTENT_TYPE_LATEST)
