"""Commands reach registration's API, and say why they cannot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.commands.output import run

URL = "http://registration.example:8001"


def api(handle: Callable[[httpx.Request], httpx.Response]) -> Api:
    return Api(URL, "secret-token", transport=httpx.MockTransport(handle))


def answering(status: int, body: dict[str, Any] | str) -> Api:
    content = body if isinstance(body, str) else json.dumps(body)
    return api(lambda request: httpx.Response(status, content=content))


async def refusal(client: Api) -> ApiError:
    async with client:
        with pytest.raises(ApiError) as caught:
            await client.get("/partners")
    return caught.value


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("from-file\n")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a running local stack."""
    stack = {"http": {"registration": "http://127.0.0.1:8001"}, "tokens": {"programme": "from-stack"}}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    return tmp_path


async def used(**found: Any) -> tuple[str, str]:
    """Address and token of the API that is found."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    async with Api.find(transport=httpx.MockTransport(handle), **found) as client:
        await client.get("/partners")
    return str(seen[0].url), seen[0].headers["authorization"].removeprefix("Bearer ")


async def test_options_come_before_the_environment_and_that_before_the_local_stack(
    token_file: Path, home: Path
) -> None:
    environment = {
        "CULTURE_CONNECT_HOME": str(home),
        "CULTURE_CONNECT_REGISTRATION_URL": "http://environment",
        "CULTURE_CONNECT_TOKEN_FILE": str(token_file),
    }
    assert await used(environment=environment, url=URL) == (f"{URL}/partners", "from-file")
    assert await used(environment=environment) == ("http://environment/partners", "from-file")
    local = {"CULTURE_CONNECT_HOME": str(home)}
    assert await used(environment=local) == ("http://127.0.0.1:8001/partners", "from-stack")
    assert await used(environment=local, token_file=token_file) == ("http://127.0.0.1:8001/partners", "from-file")


def test_the_local_stacks_token_is_not_sent_to_another_address(home: Path) -> None:
    with pytest.raises(ApiError, match="no token"):
        Api.find(url=URL, environment={"CULTURE_CONNECT_HOME": str(home)})


def test_without_any_registration_the_command_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"culture-connect up.*--url.*--token-file"):
        Api.find(environment={"CULTURE_CONNECT_HOME": str(tmp_path)})


def test_a_stack_that_says_nothing_of_registration_is_named(home: Path) -> None:
    (home / "stack.json").write_text("{}")
    with pytest.raises(ApiError, match=r"stack\.json does not say where registration is"):
        Api.find(environment={"CULTURE_CONNECT_HOME": str(home)})


def test_a_token_that_others_can_read_is_not_used(token_file: Path) -> None:
    token_file.chmod(0o644)
    with pytest.raises(ApiError, match="chmod 600"):
        Api.find(url=URL, token_file=token_file, environment={})


def test_an_empty_token_is_not_used(token_file: Path) -> None:
    token_file.write_text("\n")
    with pytest.raises(ApiError, match="no token in"):
        Api.find(url=URL, token_file=token_file, environment={})


@pytest.mark.parametrize("url", ["registration:8001", "http://registration:port", "ftp://registration"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ApiError, match="is not an address such as"):
        async with Api(url, "token") as client:
            await client.get("/partners")


async def test_a_problem_is_told_with_every_field() -> None:
    errors = [
        {"field": "starts_at", "code": "missing", "message": "is required"},
        {"field": None, "code": "x", "message": "is not what was asked"},
    ]
    problem = {"title": "The request is not valid", "code": "invalid-request", "detail": "Twice", "errors": errors}
    error = await refusal(answering(422, problem))
    assert str(error) == "The request is not valid: Twice\n  starts_at: is required\n  is not what was asked"
    assert (error.status, error.code) == (422, "invalid-request")


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, {"title": "Who are you?"}, f"{URL} does not accept this token"),
        (403, {"title": "No"}, f"this token may not do that at {URL}"),
        (500, {"title": "Went wrong", "trace_id": "abc"}, "Went wrong (trace abc)"),
        (502, "<html>Bad gateway</html>", "HTTP 502 without a reason"),
        (404, "[]", "HTTP 404 without a reason"),
        (302, "", "HTTP 302 without a reason"),
    ],
)
async def test_other_refusals_are_told_in_plain_words(status: int, body: dict[str, Any] | str, text: str) -> None:
    assert str(await refusal(answering(status, body))) == text


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (httpx.ConnectError("refused"), f"nothing answers at {URL}"),
        (httpx.ReadTimeout("late"), f"{URL} does not answer in time"),
        (httpx.RemoteProtocolError("closed"), f"the connection with {URL} broke: RemoteProtocolError"),
    ],
)
async def test_a_registration_that_does_not_answer_is_named(trouble: httpx.TransportError, text: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise trouble

    assert str(await refusal(api(handle))) == text


async def test_all_pages_of_a_list_are_read() -> None:
    first, second, third = ({"number": number} for number in (1, 2, 3))
    pages = {None: ([first, second], "b"), "b": ([third], None)}
    asked: list[dict[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        items, cursor = pages[request.url.params.get("cursor")]
        return httpx.Response(200, json={"items": items, "next_cursor": cursor})

    async with api(handle) as client:
        assert await client.list_all("/evenings", params={"season": "2026-2027"}) == [first, second, third]
    assert asked[1] == {"season": "2026-2027", "limit": "500", "cursor": "b"}


async def test_every_post_has_a_key_of_its_own_unless_it_is_given_one() -> None:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return httpx.Response(201, json={})

    async with api(handle) as client:
        await client.post("/partners", json={})
        await client.post("/partners", json={}, headers={"If-Match": '"1"'})
        await client.post("/partners", json={}, key="mine")
        async with client.stream("POST", "/partners", json={}, key="streamed"):
            pass
    assert len(set(keys)) == 4
    assert keys[2:] == ["mine", "streamed"]


async def test_a_stream_is_read_as_it_comes_and_refused_like_any_other() -> None:
    async with answering(200, "one\ntwo\n") as client, client.stream("GET", "/lines") as response:
        assert [line async for line in response.aiter_lines()] == ["one", "two"]
    async with answering(404, {"title": "No such partner"}) as client:
        with pytest.raises(ApiError, match="No such partner"):
            async with client.stream("GET", "/lines"):
                pass


def test_a_command_ends_with_the_error_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        raise ApiError("nothing answers")

    with pytest.raises(typer.Exit) as caught:
        run(work())
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "error: nothing answers\n"
