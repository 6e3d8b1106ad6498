"""The client of the management API, at answers that are made up."""

import httpx
import pytest

from culture_connect_cli.broker.management import Management, RequestRefusedError

FAILED, WELL, ABSENT = httpx.Response(500), httpx.Response(200, json=["q"]), httpx.Response(404)


def answering(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[str]]:
    """Gives these answers in their order, and the methods that were asked with."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return answers[len(asked) - 1]

    return httpx.MockTransport(answer), asked


async def test_an_error_that_passes_is_asked_past() -> None:
    transport, asked = answering(FAILED, FAILED, WELL)
    async with Management("http://console.example", "someone", "secret", transport=transport) as management:
        assert await management.get("queues") == ["q"]
    assert asked == ["GET"] * 3


@pytest.mark.parametrize(("answers", "status"), [((FAILED,) * 3, 500), ((ABSENT,), 404)])
async def test_an_error_that_stays_and_a_refusal_are_told(answers: tuple[httpx.Response, ...], status: int) -> None:
    transport, asked = answering(*answers)
    async with Management("http://console.example", "someone", "secret", transport=transport) as management:
        with pytest.raises(RequestRefusedError) as caught:
            await management.get("queues")
    assert (caught.value.status, len(asked)) == (status, len(answers))


async def test_a_change_is_asked_for_once() -> None:
    transport, asked = answering(FAILED)
    async with Management("http://console.example", "someone", "secret", transport=transport) as management:
        with pytest.raises(RequestRefusedError):
            await management.put("queues", body={})
    assert asked == ["PUT"]
