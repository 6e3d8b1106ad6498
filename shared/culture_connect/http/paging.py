"""Lists in pages: a cursor says where the next page begins.

@router.get("/partners")
async def partners(wanted: PageQuery, ...) -> Page[PartnerView]:
    after = wanted.after(str)            # (slug,) or None
    rows = await store.partners(..., after=after, limit=wanted.limit + 1)
    return page_of([view(row) for row in rows], wanted, key=lambda partner: (partner.slug,))
"""

import base64
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from culture_connect.http.problems import FieldError, Problem

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some of a list; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


class PageRequest:
    """The page that is requested: at most `limit` items after `cursor`."""

    def __init__(
        self,
        cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> None:
        self.cursor = cursor
        self.limit = limit

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """The sort key of the last item before this page, read as these types; None for the first page.

        Raises a 422 problem for a cursor that this list did not give out.
        """
        if self.cursor is None:
            return None
        return decode_cursor(self.cursor, *types)


PageQuery = Annotated[PageRequest, Depends()]


def page_of(items: Sequence[T], wanted: PageRequest, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """The page made of `items`, of which one more than the limit was fetched to know whether there are more."""
    shown = list(items[: wanted.limit])
    more = len(items) > wanted.limit
    return Page(items=shown, next_cursor=encode_cursor(*key(shown[-1])) if more else None)


def encode_cursor(*values: Any) -> str:
    """A sort key (strings, numbers, UUIDs, datetimes) as an opaque text."""
    return base64.urlsafe_b64encode(to_json(values)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Any) -> tuple[Any, ...]:
    """The sort key of a cursor; raises a 422 problem when it is none."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(TypeAdapter(kind).validate_python(value) for kind, value in zip(types, values, strict=True))
    except (ValueError, TypeError, RecursionError):
        error = FieldError("query.cursor", "invalid", "This is not a cursor of this list")
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error]
        ) from None
