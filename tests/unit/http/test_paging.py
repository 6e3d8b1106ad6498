from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from culture_connect.http import PageRequest, Problem, decode_cursor, encode_cursor, page_of


def test_a_cursor_carries_a_sort_key_back() -> None:
    moment, identity = datetime(2026, 10, 1, 18, 30, tzinfo=UTC), uuid4()

    assert decode_cursor(encode_cursor(moment, identity, 3), datetime, UUID, int) == (moment, identity, 3)


@pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA", encode_cursor("one"), encode_cursor("a", "b"), "WzFd" * 50])
def test_what_is_no_cursor_of_the_list_is_a_problem_of_the_request(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(cursor, int)

    assert caught.value.status_code == 422
    assert caught.value.errors[0].field == "query.cursor"


def test_a_page_has_a_cursor_only_when_there_is_more() -> None:
    everything = list(range(5))

    def fetch(wanted: PageRequest) -> list[int]:
        after = wanted.after(int) or (-1,)
        return [number for number in everything if number > after[0]][: wanted.limit + 1]

    seen, cursor = [], None
    for _ in range(3):
        wanted = PageRequest(cursor, 2)
        page = page_of(fetch(wanted), wanted, key=lambda number: (number,))
        seen.append(page.items)
        cursor = page.next_cursor

    assert seen == [[0, 1], [2, 3], [4]]
    assert cursor is None


def test_the_first_page_comes_after_nothing() -> None:
    assert PageRequest(None, 10).after(str) is None
