from pathlib import Path

import pytest

from culture_connect.settings import ServiceSettings, SettingsError, load
from tests.support.certificates import Authority
from tests.support.hashes import HASH_KEY

DATABASE = "postgresql://ticketing:hush@127.0.0.1:5432/culture"
CORE = "amqp://ticketing:hush@127.0.0.1:5672/core"


@pytest.fixture
def tokens_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    path.write_text("[]")
    path.chmod(0o600)
    return path


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tokens_file: Path) -> pytest.MonkeyPatch:
    for variable in ("HTTP_PORT", "EDGE_URL", "LOG_LEVEL", "SECRETS_DIR"):
        monkeypatch.delenv(f"CULTURE_CONNECT_{variable}", raising=False)
    monkeypatch.setenv("CULTURE_CONNECT_DATABASE_URL", DATABASE)
    monkeypatch.setenv("CULTURE_CONNECT_CORE_URL", CORE)
    monkeypatch.setenv("CULTURE_CONNECT_TOKENS_FILE", str(tokens_file))
    monkeypatch.setenv("CULTURE_CONNECT_HASH_KEY", HASH_KEY)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_settings_come_from_the_environment_and_show_no_password(tokens_file: Path) -> None:
    settings = load(ServiceSettings)

    assert settings.database_url == DATABASE
    assert settings.http_host == "127.0.0.1"
    assert settings.tokens_file == tokens_file
    assert "hush" not in repr(settings)


def test_missing_and_wrong_settings_are_named_with_what_was_expected_and_without_the_value(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("CULTURE_CONNECT_CORE_URL")
    environment.setenv("CULTURE_CONNECT_DATABASE_URL", "mysql://root:hush@elsewhere/db")
    environment.setenv("CULTURE_CONNECT_HTTP_PORT", "hush-port")

    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings)

    problems = {problem.partition(":")[0]: problem for problem in caught.value.problems}
    assert problems["CULTURE_CONNECT_CORE_URL"] == "CULTURE_CONNECT_CORE_URL: is not set"
    assert "postgresql://role:password@host:port/database" in problems["CULTURE_CONNECT_DATABASE_URL"]
    assert "integer" in problems["CULTURE_CONNECT_HTTP_PORT"]
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "is not set: 64 hex digits, made once and kept: `openssl rand -hex 32`"),
        ("hush", "expected 64 hex digits"),
    ],
)
def test_a_missing_or_wrong_hash_key_says_how_one_is_made(
    environment: pytest.MonkeyPatch, key: str | None, said: str
) -> None:
    environment.delenv("CULTURE_CONNECT_HASH_KEY")
    if key:
        environment.setenv("CULTURE_CONNECT_HASH_KEY", key)

    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings)

    [problem] = caught.value.problems
    assert problem.startswith(f"CULTURE_CONNECT_HASH_KEY: {said}")
    assert "hush" not in problem


@pytest.mark.parametrize("url", ["amqp://host:notaport/core", "amqp://host", "http://host/core", "amqp:///core", "x"])
def test_a_broker_url_needs_host_and_virtual_host(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("CULTURE_CONNECT_CORE_URL", url)

    with pytest.raises(SettingsError, match="CULTURE_CONNECT_CORE_URL: expected amqp://"):
        load(ServiceSettings)


@pytest.mark.usefixtures("environment")
def test_a_tokens_file_that_others_can_read_is_refused(tokens_file: Path) -> None:
    tokens_file.chmod(0o640)

    with pytest.raises(SettingsError, match=r"TOKENS_FILE: the file must be private \(mode 0600\), its mode is 0640"):
        load(ServiceSettings)


def test_a_private_file_of_the_secrets_folder_stands_for_a_variable(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "culture_connect_database_url"
    secret.write_text(DATABASE + "_from_file\n")
    secret.chmod(0o400)
    environment.delenv("CULTURE_CONNECT_DATABASE_URL")
    environment.setenv("CULTURE_CONNECT_SECRETS_DIR", str(tmp_path))

    assert load(ServiceSettings).database_url == DATABASE + "_from_file"


def test_the_environment_wins_over_the_secrets_folder(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "culture_connect_database_url"
    secret.write_text("postgresql://other@host/db")
    secret.chmod(0o600)
    environment.setenv("CULTURE_CONNECT_SECRETS_DIR", str(tmp_path))

    assert load(ServiceSettings).database_url == DATABASE


def test_a_secret_that_others_can_read_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "culture_connect_core_url"
    secret.write_text(CORE)
    secret.chmod(0o644)
    environment.setenv("CULTURE_CONNECT_SECRETS_DIR", str(tmp_path))

    with pytest.raises(SettingsError, match="culture_connect_core_url: the file must be private"):
        load(ServiceSettings)


def test_a_secrets_folder_that_is_not_there_is_a_wrong_setting(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("CULTURE_CONNECT_SECRETS_DIR", str(tmp_path / "nowhere"))

    with pytest.raises(SettingsError, match="CULTURE_CONNECT_SECRETS_DIR: expected a folder"):
        load(ServiceSettings)


def test_several_addresses_of_broker_and_database_are_settings(environment: pytest.MonkeyPatch) -> None:
    broker = CORE.replace("127.0.0.1:5672", "rabbit1:5672,rabbit2:5672,rabbit3")
    database = DATABASE.replace("127.0.0.1:5432", "primary:5432,standby:5432") + "?target_session_attrs=read-write"
    environment.setenv("CULTURE_CONNECT_CORE_URL", broker)
    environment.setenv("CULTURE_CONNECT_DATABASE_URL", database)

    settings = load(ServiceSettings)

    assert (settings.core_url, settings.database_url) == (broker, database)


@pytest.mark.parametrize("hosts", ["rabbit1:5672,", "rabbit1:5672,rabbit2:port", ",rabbit2", "rabbit1:0,rabbit2"])
def test_a_malformed_address_among_several_is_named_by_its_setting(environment: pytest.MonkeyPatch, hosts: str) -> None:
    environment.setenv("CULTURE_CONNECT_CORE_URL", CORE.replace("127.0.0.1:5672", hosts))

    with pytest.raises(
        SettingsError, match=r"CORE_URL: expected amqp://.*several host:port separated by commas"
    ) as error:
        load(ServiceSettings)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("query", ["", "?target_session_attrs=any", "?target_session_attrs=standby"])
def test_several_databases_need_a_wish_for_the_one_that_takes_writes(
    environment: pytest.MonkeyPatch, query: str
) -> None:
    environment.setenv("CULTURE_CONNECT_DATABASE_URL", DATABASE.replace("127.0.0.1", "primary,standby") + query)

    with pytest.raises(SettingsError, match=r"DATABASE_URL: expected \?target_session_attrs=read-write"):
        load(ServiceSettings)


def test_an_authority_goes_with_an_amqps_address(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    environment.setenv("CULTURE_CONNECT_BROKER_CA_FILE", str(authority.ca_file))

    with pytest.raises(SettingsError, match="BROKER_CA_FILE: expected CORE_URL or EDGE_URL to be amqps://"):
        load(ServiceSettings)
    environment.setenv("CULTURE_CONNECT_CORE_URL", CORE.replace("amqp:", "amqps:"))
    assert load(ServiceSettings).broker_ca_file == authority.ca_file


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_authority_that_cannot_be_read_is_a_wrong_setting(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    environment.setenv("CULTURE_CONNECT_BROKER_CA_FILE", str(file))

    with pytest.raises(SettingsError, match="BROKER_CA_FILE: expected a readable file with certificates"):
        load(ServiceSettings)
