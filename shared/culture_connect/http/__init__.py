"""The HTTP kit: what the APIs of the services have in common.

`create_app` makes the application of a service: health, metrics, documents, problems, and the life of its bus side.
Routes use `requires` (bearer tokens), `once` (Idempotency-Key), `Problem` (errors) and `paging`; the database is
`request.app.state.database`.
"""

from culture_connect.http.app import create_app
from culture_connect.http.idempotency import Answer, once
from culture_connect.http.paging import Page, PageQuery, PageRequest, decode_cursor, encode_cursor, page_of
from culture_connect.http.problems import FieldError, Problem, not_found
from culture_connect.http.tokens import Caller, Tokens, TokensError, requires

__all__ = [
    "Answer",
    "Caller",
    "FieldError",
    "Page",
    "PageQuery",
    "PageRequest",
    "Problem",
    "Tokens",
    "TokensError",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "not_found",
    "once",
    "page_of",
    "requires",
]
