"""Tokens: who calls, and what they may do.

The tokens file is a JSON list of `{"name", "scopes", "sha256"}`, with `"expires_at"` when a token ends by itself; it
holds hashes only, so reading it gives nobody access. It is read again when it changes. A scope is a role (`programme`,
`operator`) or a role for one partner or venue (`box-office:paard`, `partner:acme`).

Programs send them as bearer tokens (RFC 6750). Browsers cannot: pages also take them as the password of HTTP Basic
(RFC 7617).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import HTTPConnection
from starlette.responses import Response

from culture_connect.http.problems import Problem
from culture_connect.settings import SettingsError, private_file

_REALM = 'Bearer realm="culture-connect"'
_BASIC_REALM = 'Basic realm="culture-connect", charset="UTF-8"'
_TELLABLE = re.compile(r"[a-z][a-z-]*(:([a-z0-9-]{1,40}|\{venue\}))?")
_CHANGES_NOTHING = ("GET", "HEAD")
_bearer = HTTPBearer(auto_error=False, description="A token of the tokens file")
_log = structlog.get_logger(__name__)


class TokensError(SettingsError):
    """The tokens file cannot be used; the text says why without quoting it."""

    def __init__(self, problem: str) -> None:
        super().__init__([f"CULTURE_CONNECT_TOKENS_FILE: {problem}"])


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, proven by a token; `id` stands for the token itself, whatever it is called."""

    name: str
    scopes: frozenset[str]
    id: str

    def may(self, *scopes: str) -> bool:
        """True when the caller has one of the scopes."""
        return not self.scopes.isdisjoint(scopes)

    def demand(self, *scopes: str) -> None:
        """Raises a 403 problem unless the caller has one of the scopes; for scopes known only inside a route."""
        if not self.may(*scopes):
            challenge = f'{_REALM}, error="insufficient_scope"'
            # A scope may have a part of the path in it, where anything may stand.
            if tellable := [scope for scope in scopes if _TELLABLE.fullmatch(scope)]:
                challenge += f', scope="{" ".join(tellable)}"'
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "insufficient-scope",
                "Your token does not allow this",
                headers={"WWW-Authenticate": challenge},
            )


def identity(secret_sha256: bytes) -> str:
    """Returns an id for the owner of a token or of the secret of a link; it leads back to neither."""
    return hashlib.sha256(b"caller:" + secret_sha256).hexdigest()


class _TokenEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=100)
    scopes: frozenset[Annotated[str, Field(pattern=r"^[a-z][a-z-]*(:[a-z0-9-]+)?$")]]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    expires_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _ActiveToken:
    digest: bytes
    caller: Caller
    expires_at: datetime | None


def _active_token(entry: _TokenEntry) -> _ActiveToken:
    digest = bytes.fromhex(entry.sha256)
    return _ActiveToken(digest, Caller(entry.name, entry.scopes, identity(digest)), entry.expires_at)


_entries = TypeAdapter(list[_TokenEntry])


def _clock() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """The tokens of a file with mode 0600 or less; raises TokensError when it cannot be used.

    `clock` returns the moment, with its time zone, by which tokens end.
    Once running, a change that cannot be used leaves the tokens as they were and shows in `problem`.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = _clock) -> None:
        self._path = path
        self._clock = clock
        self._version: tuple[int, ...] | None = None
        self.problem: str | None = None
        self._entries: list[_ActiveToken] = []
        self._read()

    def caller(self, token: str) -> Caller | None:
        """Returns the owner of the token, None for an unknown token and for one that has expired."""
        self._refresh()
        presented = hashlib.sha256(token.encode()).digest()
        found = None
        # All entries are compared, always, so that the time taken leaks nothing.
        for entry in self._entries:
            if hmac.compare_digest(entry.digest, presented):
                found = entry
        if found is None or (found.expires_at is not None and found.expires_at <= self._clock()):
            return None
        return found.caller

    def _refresh(self) -> None:
        if self._current_version() == self._version:
            return
        try:
            self._read()
        except TokensError as error:
            if self.problem != str(error):
                _log.error("tokens_not_reloaded", reason=str(error))
            self.problem = str(error)

    def _read(self) -> None:
        version = self._current_version()
        try:
            entries = _entries.validate_json(private_file(self._path).read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise TokensError(f"{place or 'content'}: {first['msg']}") from None
        except ValueError as error:
            raise TokensError(f"{error}") from None
        except OSError as error:
            raise TokensError(f"{error.strerror}") from None
        self._entries = [_active_token(entry) for entry in entries]
        self._version = version
        self.problem = None

    def _current_version(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


class _Basic(HTTPBasic):
    """FastAPI's own, but in UTF-8 (RFC 7617, 2.1), and what is malformed counts as nothing."""

    async def __call__(self, request: HTTPConnection) -> HTTPBasicCredentials | None:  # type: ignore[override]
        """User name and password of the request, None for any other."""
        scheme, encoded = get_authorization_scheme_param(request.headers.get("authorization"))
        if scheme.lower() != "basic":
            return None
        try:
            username, separator, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return HTTPBasicCredentials(username=username, password=password) if separator else None


_basic = _Basic(scheme_name="HTTPBasic", description="Any user name, and a token of the tokens file as password")


def requires(*scopes: str, basic: bool = False) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets through callers with any one of the scopes; without scopes, any known caller.

    A scope may name path parameters: `requires("programme", "partner:{slug}")`. With `basic` a browser may ask for the
    token as well; only to look, since it sends it along whoever made it ask. Raises a 401 problem without a known token
    and a 403 problem without a scope.
    """

    def admit(request: Request, token: str | None) -> Caller:
        if token is None:
            raise unauthenticated(basic=basic)
        tokens: Tokens = request.app.state.tokens
        caller = tokens.caller(token)
        if caller is None:
            raise unauthenticated(invalid=True, basic=basic)
        if scopes:
            caller.demand(*(scope.format_map(request.path_params) for scope in scopes))
        return caller

    async def authenticate(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        return admit(request, credentials.credentials if credentials else None)

    async def authenticate_people_too(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        typed: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    ) -> Caller:
        if credentials is None and typed is not None and request.method in _CHANGES_NOTHING:
            return admit(request, typed.password)
        return admit(request, credentials.credentials if credentials else None)

    return authenticate_people_too if basic else authenticate


class _Unauthenticated(Problem):
    """401 with its challenges, a header for each: browsers do not find one behind another."""

    def __init__(self, *challenges: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "unauthenticated", "A valid bearer token is needed")
        self._challenges = challenges

    def response(self, trace: str | None = None) -> Response:
        response = super().response(trace)
        for challenge in self._challenges:
            response.headers.append("WWW-Authenticate", challenge)
        return response


def unauthenticated(*, invalid: bool = False, basic: bool = False) -> Problem:
    """401 for a request without a token, or with one that is not valid (RFC 6750, 3; RFC 7617, 2)."""
    bearer = f'{_REALM}, error="invalid_token"' if invalid else _REALM
    return _Unauthenticated(_BASIC_REALM, bearer) if basic else _Unauthenticated(bearer)
