"""Growing pauses, and the last of many pieces of news."""

from notifications.domain.backoff import Pauses
from notifications.domain.newest import newest


def test_pauses_double_up_to_the_longest() -> None:
    pauses = Pauses(first=30, longest=200)
    assert [pauses.after(attempts) for attempts in (1, 2, 3, 4, 5)] == [30, 60, 120, 200, 200]


def test_a_letter_can_be_tried_for_ever() -> None:
    assert Pauses(first=30, longest=3600).after(10_000) == 3600


def test_only_the_highest_version_of_each_counts_whatever_the_order() -> None:
    news = [("a", 2), ("b", 1), ("a", 3), ("a", 1)]
    assert newest(news, key=lambda each: each[0], version=lambda each: each[1]) == [("a", 3), ("b", 1)]
