"""Of many pieces of news about the same things, only the last counts."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def newest(news: Iterable[T], key: Callable[[T], K], version: Callable[[T], int]) -> list[T]:
    """The item of the highest version for each key, in the order in which the keys first came."""
    last: dict[K, T] = {}
    for item in news:
        known = last.get(key(item))
        if known is None or version(item) > version(known):
            last[key(item)] = item
    return list(last.values())
