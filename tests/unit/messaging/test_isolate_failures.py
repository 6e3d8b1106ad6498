"""A batch that fails is tried again in halves until each item that is to blame is known."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from culture_connect.messaging.batching import isolate_failures


class Broken(Exception):
    """Raised for items that cannot be done."""


class Batches:
    """Doubles numbers, and fails where one of `broken` is among them; remembers what it was given."""

    def __init__(self, broken: set[int]) -> None:
        self.given: list[tuple[list[int], bool]] = []
        self._broken = broken

    async def double(self, items: Sequence[int], is_part: bool) -> Sequence[int]:
        self.given.append((list(items), is_part))
        if self._broken.intersection(items):
            raise Broken
        return [2 * item for item in items]


async def settled(batches: Batches, items: Sequence[int], *, common: bool = False) -> list[tuple[int, object]]:
    found = isolate_failures(items, batches.double, is_common=lambda _: common)
    return [(item, type(result) if isinstance(result, Exception) else result) async for item, result in found]


@given(st.integers(1, 60), st.sets(st.integers(0, 59)))
async def test_every_item_is_settled_once_in_order_and_only_broken_ones_fail(count: int, broken: set[int]) -> None:
    results = await settled(Batches(broken), range(count))
    assert results == [(item, Broken if item in broken else 2 * item) for item in range(count)]


async def test_a_batch_without_failures_is_done_at_once() -> None:
    batches = Batches(set())
    await settled(batches, [1, 2, 3])
    assert batches.given == [([1, 2, 3], False)]


async def test_halves_of_a_failed_batch_are_known_as_parts() -> None:
    batches = Batches({4})
    await settled(batches, [1, 2, 3, 4])
    assert batches.given == [([1, 2, 3, 4], False), ([1, 2], True), ([3, 4], True), ([3], True), ([4], True)]


async def test_a_failure_that_all_have_in_common_fails_all_without_another_try() -> None:
    batches = Batches({4})
    assert await settled(batches, [1, 2, 3, 4], common=True) == [(item, Broken) for item in (1, 2, 3, 4)]
    assert len(batches.given) == 1
