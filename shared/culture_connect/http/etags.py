"""Edits that know what they change: a resource's version as its ETag, and `If-Match` (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header

from culture_connect.http.problems import FieldError, Problem

_LIST = re.compile(r'\s*(W/)?"[\x21\x23-\x7e]*"\s*(,\s*(W/)?"[\x21\x23-\x7e]*"\s*)*')
# A weak tag never matches here: it says that two versions are alike enough, not the same.
_STRONG = re.compile(r'(W/)?"([^"]*)"')


def etag_of(version: int) -> str:
    """The strong ETag of this version."""
    return f'"{version}"'


def expected_versions(
    if_match: Annotated[
        str | None, Header(max_length=500, description="The `ETag` that was read; `*` or absent: whatever there is")
    ] = None,
) -> frozenset[int] | None:
    """The versions that `If-Match` allows, None for any. Raises a 422 problem when it is not a list of ETags."""
    if if_match is None or if_match.strip() == "*":
        return None
    if not _LIST.fullmatch(if_match):
        error = FieldError("header.if-match", "malformed", 'must be an ETag such as "3", or *')
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error])
    tags = [tag for weak, tag in _STRONG.findall(if_match) if not weak]
    return frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 10)


Expected = Annotated[frozenset[int] | None, Depends(expected_versions)]
