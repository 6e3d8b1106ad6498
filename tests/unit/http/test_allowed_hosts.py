"""By which names a service may be called, and what its settings say of its HTTP side."""

from pathlib import Path

import httpx
import pytest

from culture_connect.http import HttpLimits
from culture_connect.http.limits import ClientKind, Rate
from culture_connect.http_settings import HttpSettings
from culture_connect.settings import ServiceSettings, SettingsError, load
from tests.support.hashes import HASH_KEY
from tests.unit.http.harness import app_with, client_of


class WithPages(HttpSettings):
    public_url: str = "https://Mijn.CultureConnect.example/seats"


def hosts_of(**settings: str) -> frozenset[str]:
    return HttpLimits.of(WithPages(**settings), "ticketing").hosts or frozenset()  # type: ignore[arg-type]


async def status_for(client: httpx.AsyncClient, host: str, path: str = "/docs") -> int:
    return (await client.get(path, headers={"Host": host})).status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("birds.example", 200),
        ("birds.example:8000", 200),
        ("BIRDS.example.", 200),
        ("[::1]:8000", 200),
        ("elsewhere.example", 400),
        ("birds.example.elsewhere.example", 400),
        ("birds.example@elsewhere.example", 400),
        ("", 400),
    ],
)
async def test_a_service_answers_to_its_names_alone(tokens: Path, host: str, status: int) -> None:
    limits = HttpLimits(hosts=frozenset({"birds.example", "::1"}))
    async with client_of(app_with(tokens=tokens, limits=limits)) as client:
        assert await status_for(client, host) == status
        # Probes call it by its address.
        assert await status_for(client, host, "/health/live") == 200


async def test_the_refusal_of_a_name_says_which_setting_has_the_names(tokens: Path) -> None:
    async with client_of(app_with(tokens=tokens, limits=HttpLimits(hosts=frozenset({"birds.example"})))) as client:
        answer = await client.get("/docs", headers={"Host": "elsewhere.example"})
    assert answer.json()["code"] == "unknown-host"
    assert "CULTURE_CONNECT_HTTP_HOSTS" in answer.json()["detail"]
    assert "elsewhere" not in answer.text


def test_the_names_are_those_of_the_settings_the_public_address_the_service_and_the_machine() -> None:
    always = {"ticketing", "localhost", "127.0.0.1", "::1", "mijn.cultureconnect.example"}
    assert hosts_of() == always
    assert hosts_of(http_hosts="seats.internal, 10.0.0.5", http_host="192.0.2.7") == always | {
        "seats.internal",
        "10.0.0.5",
        "192.0.2.7",
    }
    assert HttpLimits.of(WithPages(http_hosts="*"), "ticketing").hosts is None


def test_limits_are_those_of_the_settings() -> None:
    settings = WithPages(http_limit_partner="0.5:3:2", http_limit_team="off", http_trusted_proxies="10.0.0.0/8")
    limits = HttpLimits.of(settings, "ticketing")
    assert limits.rates[ClientKind.PARTNER] == Rate(0.5, 3, 2)
    assert ClientKind.TEAM not in limits.rates
    assert [str(network) for network in limits.trusted_proxies] == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("HTTP_LIMIT_PARTNER", "50", "such as 50:200:8, or off"),
        ("HTTP_LIMIT_PARTNER", "0:200:16", "such as 50:200:8, or off"),
        ("HTTP_LIMIT_LINK", "nan:1:1", "such as 50:200:8, or off"),
        ("HTTP_LIMIT_ADDRESS", "1:-1:1", "such as 50:200:8, or off"),
        ("HTTP_TRUSTED_PROXIES", "proxy.example", "expected addresses or networks"),
        ("HTTP_TRUSTED_PROXIES", "10.0.0.1/8", "expected addresses or networks"),
        ("HTTP_CONNECTIONS_PER_ADDRESS", "-1", "greater than or equal to 0"),
        ("HTTP_HEAD_SECONDS", "0", "greater than 0"),
        ("HTTP_HOSTS", "a b/c", "match pattern"),
    ],
)
def test_a_limit_that_is_none_is_named_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, tokens: Path, setting: str, value: str, expected: str
) -> None:
    monkeypatch.setenv("CULTURE_CONNECT_DATABASE_URL", "postgresql://trial:hush@127.0.0.1:1/nothing")
    monkeypatch.setenv("CULTURE_CONNECT_CORE_URL", "amqp://trial:hush@127.0.0.1:1/core")
    monkeypatch.setenv("CULTURE_CONNECT_TOKENS_FILE", str(tokens))
    monkeypatch.setenv("CULTURE_CONNECT_HASH_KEY", HASH_KEY)
    monkeypatch.setenv(f"CULTURE_CONNECT_{setting}", value)
    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings)
    [problem] = caught.value.problems
    assert problem.startswith(f"CULTURE_CONNECT_{setting}: ")
    assert expected in problem
