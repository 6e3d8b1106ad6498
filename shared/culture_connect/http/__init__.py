"""The HTTP kit: what the APIs of the services have in common.

`create_app` makes the application of a service: health, metrics, documents, problems, and the life of its bus side.
Routes use `requires` (bearer tokens), `once` (Idempotency-Key), `Expected` (If-Match), `Problem` (errors), `paging` and
`with_progress`; the database is `request.app.state.database`. What a request passes before them is in `front`, and
`server` has the server that the application runs on.
"""

from culture_connect.http.app import create_app
from culture_connect.http.etags import Expected, etag_of
from culture_connect.http.idempotency import (
    Answer,
    KeyedRequest,
    claim,
    forget_old_answers,
    keyed_request,
    once,
    release,
    remember,
)
from culture_connect.http.limits import HttpLimits
from culture_connect.http.paging import Page, PageQuery, PageRequest, decode_cursor, encode_cursor, page_of
from culture_connect.http.patch_body import PatchBody
from culture_connect.http.problems import MEDIA_TYPE, FieldError, Problem, not_found
from culture_connect.http.progress import Progress, with_progress
from culture_connect.http.tokens import Caller, Tokens, TokensError, identity, requires, unauthenticated

__all__ = [
    "MEDIA_TYPE",
    "Answer",
    "Caller",
    "Expected",
    "FieldError",
    "HttpLimits",
    "KeyedRequest",
    "Page",
    "PageQuery",
    "PageRequest",
    "PatchBody",
    "Problem",
    "Progress",
    "Tokens",
    "TokensError",
    "claim",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "etag_of",
    "forget_old_answers",
    "identity",
    "keyed_request",
    "not_found",
    "once",
    "page_of",
    "release",
    "remember",
    "requires",
    "unauthenticated",
    "with_progress",
]
