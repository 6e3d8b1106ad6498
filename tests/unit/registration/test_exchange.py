"""Addresses change hands when in the end nobody shares one."""

import pytest

from registration.domain.address_swaps import satisfiable

HOLDERS = {"a": "1", "b": "2", "c": "3", "d": "4"}


@pytest.mark.parametrize(
    ("wanted", "satisfied"),
    [
        ({}, ""),
        ({"1": "b"}, ""),
        ({"1": "b", "2": "a"}, "12"),
        ({"1": "b", "2": "c", "3": "a"}, "123"),
        ({"1": "b", "2": "c", "3": "x"}, "123"),
        ({"3": "x", "2": "c", "1": "b"}, "123"),
        ({"1": "b", "2": "c"}, ""),
        ({"5": "a", "1": "b", "2": "a"}, "12"),
        ({"5": "a", "6": "a", "1": "x"}, "15"),
        ({"5": "x", "6": "x"}, "5"),
        ({"1": "b", "2": "a", "3": "d", "4": "c"}, "1234"),
        ({"1": "b", "2": "a", "3": "a", "4": "c"}, "12"),
    ],
)
def test_who_gets_the_address_they_want(wanted: dict[str, str], satisfied: str) -> None:
    assert satisfiable(wanted, HOLDERS) == set(satisfied)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.timeout(20)
def test_a_whole_company_may_move_on_by_one(backwards: bool, closed: bool) -> None:
    # Minutes, were each of them looked at again for each of the others.
    size = 100_000
    places = range(size - 1, -1, -1) if backwards else range(size)
    wanted = {str(n): f"k{(n + 1) % size if closed else n + 1}" for n in places}
    holders = {f"k{n}": str(n) for n in range(size)}
    assert len(satisfiable(wanted, holders)) == size
