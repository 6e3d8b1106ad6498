"""A service that is all HTTP kit: `python -m tests.unit.http.example_service serve`."""

from fastapi import APIRouter, FastAPI

from culture_connect.service_main import run
from culture_connect.settings import ServiceSettings
from tests.unit.http.harness import app_with

router = APIRouter()


class TrialSettings(ServiceSettings):
    colour: str


@router.get("/colour/{secret}")
async def colour(secret: str) -> str:
    return secret


@router.get("/.well-known/trial")
async def well_known() -> str:
    return "public"


def build_app(settings: TrialSettings) -> FastAPI:
    return app_with(router, tokens=settings.tokens_file)


if __name__ == "__main__":
    run("trial", TrialSettings, build_app)
