from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends

from culture_connect.http import Caller, Tokens, TokensError, requires
from tests.unit.http.harness import app_with, bearer, client_of, spoil_tokens, token_of, write_tokens

router = APIRouter()


@router.get("/desk")
async def desk(caller: Annotated[Caller, Depends(requires("programme", "operator"))]) -> str:
    return caller.name


@router.get("/partners/{slug}")
async def partner(slug: str, caller: Annotated[Caller, Depends(requires("programme", "partner:{slug}"))]) -> str:
    return caller.name


@router.get("/doors/{venue}")
async def door(venue: str, caller: Annotated[Caller, Depends(requires())]) -> str:
    caller.demand(f"box-office:{venue}")
    return caller.name


@router.api_route("/page", methods=["GET", "HEAD", "POST"])
async def page(caller: Annotated[Caller, Depends(requires("programme", basic=True))]) -> str:
    return caller.name


def typed(password: str, *, user: str = "somebody") -> dict[str, str]:
    """Returns the header that a browser sends once it has asked."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens)) as client:
        yield client


async def test_a_token_with_one_of_the_scopes_is_let_through(client: httpx.AsyncClient) -> None:
    response = await client.get("/desk", headers=bearer("desk"))

    assert (response.status_code, response.json()) == (200, "desk")


async def test_without_a_token_the_answer_says_how_to_authenticate(client: httpx.AsyncClient) -> None:
    response = await client.get("/desk")

    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"
    assert response.headers["www-authenticate"] == 'Bearer realm="culture-connect"'


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer é", f"Bearer {token_of('desk')}x", "Bearer  "])
async def test_a_wrong_token_is_not_let_through(client: httpx.AsyncClient, header: str) -> None:
    response = await client.get("/desk", headers={b"Authorization": header.encode()})

    assert response.status_code == 401


@pytest.mark.parametrize("header", [f"Basic {token_of('desk')}", token_of("desk"), ""])
async def test_only_the_bearer_scheme_counts(client: httpx.AsyncClient, header: str) -> None:
    assert (await client.get("/desk", headers={"Authorization": header})).status_code == 401


@pytest.mark.parametrize("user", ["somebody", "", "Zoë"])
async def test_a_browser_may_look_at_a_page_with_the_token_as_password(client: httpx.AsyncClient, user: str) -> None:
    answer = await client.get("/page", headers=typed(token_of("desk"), user=user))

    assert (answer.status_code, answer.json()) == (200, "desk")
    assert (await client.head("/page", headers=typed(token_of("desk"), user=user))).status_code == 200
    assert (await client.get("/page", headers=bearer("desk"))).status_code == 200


async def test_a_password_that_a_browser_sends_along_changes_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.post("/page", headers=typed(token_of("desk")))).status_code == 401
    assert (await client.post("/page", headers=bearer("desk"))).status_code == 200


async def test_a_password_counts_nowhere_but_on_pages(client: httpx.AsyncClient) -> None:
    answer = await client.get("/desk", headers=typed(token_of("desk")))

    assert answer.status_code == 401
    assert "Basic" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        typed("wrong")["Authorization"],
        typed("")["Authorization"],
        "Basic",
        "Basic é",
        "Basic !!!!",
        f"Basic {b64encode(b'no-colon').decode()}",
        f"Basic {b64encode(bytes([58, 255])).decode()}",
        None,
    ],
)
async def test_a_page_without_the_right_password_says_how_to_authenticate(
    client: httpx.AsyncClient, header: str | None
) -> None:
    answer = await client.get("/page", headers={} if header is None else {b"Authorization": header.encode()})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    basic, token = answer.headers.get_list("www-authenticate")
    assert basic == 'Basic realm="culture-connect", charset="UTF-8"'
    assert token.startswith('Bearer realm="culture-connect"')


async def test_a_password_without_the_scope_is_not_enough(client: httpx.AsyncClient) -> None:
    assert (await client.get("/page", headers=typed(token_of("acme")))).status_code == 403


async def test_a_token_without_the_scope_is_told_which_it_needs(client: httpx.AsyncClient) -> None:
    response = await client.get("/desk", headers=bearer("paard"))

    assert (response.status_code, response.json()["code"]) == (403, "insufficient-scope")
    assert 'error="insufficient_scope", scope="programme operator"' in response.headers["www-authenticate"]


async def test_a_scope_can_name_the_party_of_the_path(client: httpx.AsyncClient) -> None:
    assert (await client.get("/partners/acme", headers=bearer("acme"))).status_code == 200
    assert (await client.get("/partners/other", headers=bearer("acme"))).status_code == 403
    assert (await client.get("/partners/other", headers=bearer("desk"))).status_code == 200


async def test_a_route_can_demand_a_scope_that_it_learns_later(client: httpx.AsyncClient) -> None:
    assert (await client.get("/doors/paard", headers=bearer("paard"))).status_code == 200
    assert (await client.get("/doors/ndt", headers=bearer("paard"))).status_code == 403
    assert (await client.get("/doors/paard", headers=bearer("nobody"))).status_code == 403


async def test_tokens_added_to_and_removed_from_the_file_count_at_once(client: httpx.AsyncClient, tokens: Path) -> None:
    write_tokens(tokens, {"newcomer": ["programme"]})

    assert (await client.get("/desk", headers=bearer("newcomer"))).status_code == 200
    assert (await client.get("/desk", headers=bearer("desk"))).status_code == 401


async def test_a_change_that_cannot_be_used_keeps_the_tokens_and_shows_in_readiness(
    client: httpx.AsyncClient, tokens: Path
) -> None:
    spoil_tokens(tokens)

    assert (await client.get("/desk", headers=bearer("desk"))).status_code == 200
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert "CULTURE_CONNECT_TOKENS_FILE" in ready.json()["problems"][0]

    write_tokens(tokens, {"desk": ["programme"]})
    assert (await client.get("/desk", headers=bearer("desk"))).status_code == 200
    assert (await client.get("/health/ready")).status_code == 200


async def test_an_expired_token_gets_the_answer_of_an_unknown_one(client: httpx.AsyncClient, tokens: Path) -> None:
    write_tokens(tokens, {"late": ["programme"]}, expires={"late": "2020-01-01T00:00:00+00:00"})

    expired = await client.get("/desk", headers=bearer("late"))
    unknown = await client.get("/desk", headers=bearer("stranger"))
    assert expired.status_code == unknown.status_code == 401
    assert expired.headers["www-authenticate"] == unknown.headers["www-authenticate"]


def test_a_token_ends_at_its_moment_and_the_others_go_on(tmp_path: Path) -> None:
    now = datetime(2026, 9, 1, 12, tzinfo=UTC)
    path = tmp_path / "tokens.json"
    write_tokens(path, {"guest": ["programme"], "desk": ["programme"]}, expires={"guest": "2026-09-01T14:00:01+02:00"})
    tokens = Tokens(path, clock=lambda: now)
    guest = tokens.caller(token_of("guest"))
    assert guest is not None
    assert guest.name == "guest"

    now += timedelta(seconds=1)
    assert tokens.caller(token_of("guest")) is None
    assert tokens.caller(token_of("desk")) is not None


def test_a_moment_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens.json", {"guest": []}, expires={"guest": "2026-09-01T14:00:00"})

    with pytest.raises(TokensError, match=r"expires_at: .*timezone"):
        Tokens(path)


def test_a_tokens_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens.json", {"desk": ["programme"]}, mode=0o644)

    with pytest.raises(TokensError, match=r"private \(mode 0600\)"):
        Tokens(path)


@pytest.mark.parametrize(
    "content",
    ["", "{}", '[{"name": "a"}]', '[{"name": "a", "scopes": ["programme"], "sha256": "hush"}]'],
    ids=["empty", "no list", "fields missing", "no hash"],
)
def test_a_tokens_file_that_cannot_be_read_is_explained_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(TokensError) as caught:
        Tokens(path)

    assert "CULTURE_CONNECT_TOKENS_FILE" in str(caught.value)
    assert "hush" not in str(caught.value)
