from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from culture_connect.http import Expected, etag_of
from tests.unit.http.harness import app_with, client_of

router = APIRouter()


@router.patch("/bird")
async def change(expected: Expected) -> list[int] | None:
    return None if expected is None else sorted(expected)


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens)) as client:
        yield client


async def test_the_etag_of_a_version_names_just_this_version(client: httpx.AsyncClient) -> None:
    assert etag_of(7) == '"7"'
    assert (await client.patch("/bird", headers={"If-Match": etag_of(7)})).json() == [7]


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"3"', [3]),
        ('"3", "5"', [3, 5]),
        ('  "3","5"\t,  "8"', [3, 5, 8]),
        ('W/"3"', []),
        ('W/"3", "4"', [4]),
        ('"W/3"', []),
        ('"a,b", "4"', [4]),
        ('"33a64df5"', []),
        ('""', []),
        ('"-1"', []),
        ('"12345678901"', []),
    ],
)
async def test_if_match_allows_the_versions_that_it_names(
    client: httpx.AsyncClient, if_match: str | None, expected: list[int] | None
) -> None:
    answer = await client.patch("/bird", headers={} if if_match is None else {"If-Match": if_match})

    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize("if_match", ["", "3", '"3', '"3" "4"', 'w/"3"', '"3", *', '"3"x', '"' * 400])
async def test_if_match_that_is_no_list_of_etags_is_refused(client: httpx.AsyncClient, if_match: str) -> None:
    answer = await client.patch("/bird", headers={b"If-Match": if_match.encode()})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("header.if-match", "malformed")
