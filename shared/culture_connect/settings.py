"""Settings that all services have: environment variables, or files of a secrets folder.

Variables are named `CULTURE_CONNECT_<FIELD>`. When `CULTURE_CONNECT_SECRETS_DIR` names a folder, a file
`culture_connect_<field>` in it stands for the variable of that name; the environment wins.
"""

import os
import re
import ssl
import stat
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from culture_connect.http_settings import HttpSettings
from culture_connect.messaging.addresses import split_addresses

PREFIX = "CULTURE_CONNECT_"
_MAKE_A_KEY = "64 hex digits, made once and kept: `openssl rand -hex 32`"


class SettingsError(Exception):
    """The settings cannot be used; `problems` name the variable and what was expected, never the value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def private_file(path: Path) -> Path:
    """Returns `path` when it is a file that only its owner can reach (mode 0600 or less), else raises ValueError."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ValueError(f"the file cannot be opened ({error.strerror})") from None
    if not stat.S_ISREG(mode):
        raise ValueError("this is not a file")
    if mode & 0o077:
        raise ValueError(f"the file must be private (mode 0600), its mode is {stat.S_IMODE(mode):04o}")
    return path


def _authority_file(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError):  # OpenSSL's errors are OSErrors
        raise ValueError("expected a readable file with certificates in PEM") from None
    return path


def _postgres_url(url: str) -> str:
    """Several hosts are a primary and its standbys: a service writes, so it says that it wants the one that can."""
    if not _has_form(url, ("postgresql", "postgres")):
        raise ValueError(f"expected postgresql://role:password@host:port/database{_several(url)}")
    wanted = parse_qs(url.partition("?")[2]).get("target_session_attrs", ["any"])
    if len(split_addresses(url)) > 1 and not {*wanted} <= {"read-write", "primary"}:
        raise ValueError("expected ?target_session_attrs=read-write (or primary) with several hosts")
    return url


def _amqp_url(url: str) -> str:
    if not _has_form(url, ("amqp", "amqps")):
        raise ValueError(f"expected amqp://account:password@host:port/vhost{_several(url)}")
    return url


def _several(url: str) -> str:
    return ", with several host:port separated by commas" if "," in url else ""


def _has_form(url: str, schemes: Sequence[str]) -> bool:
    """True when the URL has one of the schemes, hosts, and a path."""
    try:
        parts = [urlsplit(each) for each in split_addresses(url)]
        # Reading the port is what finds a port that is no number.
        return all(
            each.scheme in schemes and each.hostname and each.port != 0 and each.path.strip("/") for each in parts
        )
    except ValueError:
        return False


def _hash_key(key: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", key):
        raise ValueError(f"expected {_MAKE_A_KEY}")
    return key


PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
AmqpUrl = Annotated[str, AfterValidator(_amqp_url)]
AuthorityFile = Annotated[Path, AfterValidator(_authority_file)]
PrivateFile = Annotated[Path, AfterValidator(private_file)]


class ServiceSettings(HttpSettings):
    """The settings of any service; a service adds its own by inheriting."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    database_url: PostgresUrl
    # What stands before the database: "transaction" for a pooler such as pgbouncer that gives each transaction another
    # session.
    database_pooler: Literal["none", "transaction"] = "none"
    core_url: AmqpUrl
    # Services that talk to external clients redeclare this without a default.
    edge_url: AmqpUrl | None = None
    # The authority that vouches for the broker of an amqps:// URL; none: those that this machine trusts.
    broker_ca_file: AuthorityFile | None = None
    tokens_file: PrivateFile
    # The key of hashes of messages and requests, so that they reveal nothing; under another key none is recognised.
    hash_key: Annotated[str, AfterValidator(_hash_key)]
    # Days for which a message that was handled is recognised: longer than any dead letter may be replayed.
    inbox_days: int = Field(default=400, ge=30, le=36500)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _authority_is_of_use(self) -> Self:
        urls = [url for url in (self.core_url, self.edge_url) if url]
        if self.broker_ca_file is not None and not any(url.startswith("amqps:") for url in urls):
            raise ValueError("BROKER_CA_FILE: expected CORE_URL or EDGE_URL to be amqps:// with it")
        return self

    @property
    def inbox_kept_for(self) -> timedelta:
        """For how long a message that was handled is recognised."""
        return timedelta(days=self.inbox_days)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Shows no values: most of them are secrets, or have one within."""
        return ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the secrets folder."""
        folder = os.environ.get(f"{PREFIX}SECRETS_DIR")
        if not folder:
            return init_settings, env_settings
        check_secrets_folder(Path(folder))
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)


Settings = TypeVar("Settings", bound=ServiceSettings)


def load(settings_type: type[Settings]) -> Settings:
    """Reads the settings of this process; raises SettingsError with one line per variable that is wrong."""
    try:
        return settings_type()
    except ValidationError as error:
        raise SettingsError([_explain(entry["loc"], entry["msg"]) for entry in error.errors()]) from None


def check_secrets_folder(folder: Path) -> None:
    """Raises SettingsError when the folder is missing or one of our files in it can be read by others."""
    if not folder.is_dir():
        raise SettingsError([f"{PREFIX}SECRETS_DIR: expected a folder"])
    problems = []
    for path in sorted(folder.iterdir()):
        if path.name.upper().startswith(PREFIX):
            try:
                private_file(path)
            except ValueError as error:
                problems.append(f"{PREFIX}SECRETS_DIR: {path.name}: {error}")
    if problems:
        raise SettingsError(problems)


def _explain(location: tuple[int | str, ...], message: str) -> str:
    variable = f"{PREFIX}{str(location[0]).upper()}" if location else PREFIX.rstrip("_")
    what = "is not set" if message == "Field required" else message.removeprefix("Value error, ")
    if message == "Field required" and location == ("hash_key",):
        what = f"is not set: {_MAKE_A_KEY}, or let `culture-connect secrets init` make it"
    return f"{variable}: {what}"
