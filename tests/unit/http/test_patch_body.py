from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from culture_connect.http import PatchBody
from tests.unit.http.harness import app_with, client_of

router = APIRouter()


class BirdChanges(PatchBody):
    """The fields of a bird that may change."""

    name: str = "unused"
    wings: int | None = 2


@router.patch("/bird")
async def change(changes: BirdChanges) -> dict[str, Any]:
    return changes.named


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens)) as client:
        yield client


@pytest.mark.parametrize(
    "body", [{}, {"name": "kiwi"}, {"wings": None}, {"wings": 2}, {"name": "unused", "wings": 0}], ids=str
)
async def test_only_what_the_body_names_is_to_be_changed(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.patch("/bird", json=body)

    assert (answer.status_code, answer.json()) == (200, body)


@pytest.mark.parametrize(
    ("body", "field"), [({"name": None}, "name"), ({"nest": 1}, "nest"), ({"wings": "two"}, "wings")]
)
async def test_a_change_that_cannot_be_is_refused_with_the_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.patch("/bird", json=body)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_the_document_has_no_defaults_since_what_is_absent_stays(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()["components"]["schemas"]["BirdChanges"]

    assert set(schema["properties"]) == {"name", "wings"}
    assert "default" not in str(schema)
    assert "required" not in schema
    assert schema["additionalProperties"] is False
