"""Scan times by our clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.scanner_clocks import LONGEST_OFFLINE, ScanTime, correct_scan_time

NOW = datetime(2026, 11, 19, 19, 0, tzinfo=UTC)
RESET, FAR_AHEAD = datetime(2000, 1, 1, 4, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def live(scanned_at: datetime, sent_at: datetime | None = None, wait: timedelta = timedelta(0)) -> ScanTime:
    return correct_scan_time(scanned_at, sent_at, is_offline=False, arrived_at=NOW, longest_wait=wait)


def offline(scanned_at: datetime, sent_at: datetime | None = None, wait: timedelta = timedelta(0)) -> ScanTime:
    return correct_scan_time(scanned_at, sent_at, is_offline=True, arrived_at=NOW, longest_wait=wait)


def test_a_live_scan_was_when_it_says_and_never_after_it_arrived() -> None:
    assert live(NOW - timedelta(seconds=30)) == ScanTime(NOW - timedelta(seconds=30))
    assert live(NOW + timedelta(seconds=30)) == ScanTime(NOW)


@pytest.mark.parametrize("scanned_at", [RESET, FAR_AHEAD, NOW - minutes(6), NOW + minutes(6)])
def test_a_live_scan_with_an_implausible_clock_was_when_it_arrived(scanned_at: datetime) -> None:
    assert live(scanned_at) == ScanTime(NOW, is_plausible=False)


def test_a_live_scan_that_waited_in_its_queue_was_when_it_says() -> None:
    assert live(NOW - minutes(90), wait=DAY) == ScanTime(NOW - minutes(90))
    assert live(NOW - minutes(90), NOW - minutes(90), wait=DAY) == ScanTime(NOW - minutes(90))
    assert live(NOW + minutes(6), wait=DAY) == ScanTime(NOW, is_plausible=False)
    assert live(RESET, wait=DAY) == ScanTime(NOW, is_plausible=False)


def test_a_request_that_was_repeated_for_a_while_is_as_old_as_its_scanner_says() -> None:
    assert live(NOW - minutes(20), NOW) == ScanTime(NOW - minutes(20))


@pytest.mark.parametrize("skew", [minutes(0.5), minutes(-0.5), minutes(4), minutes(-4)])
def test_the_skew_of_an_offline_scanner_is_corrected(skew: timedelta) -> None:
    assert offline(NOW + skew - minutes(15), NOW + skew) == ScanTime(NOW - minutes(15))


@pytest.mark.parametrize("now_of_scanner", [RESET, FAR_AHEAD, NOW + minutes(60), NOW - minutes(60)])
def test_a_great_skew_is_corrected_and_flagged(now_of_scanner: datetime) -> None:
    read = offline(now_of_scanner - minutes(15), now_of_scanner)
    assert read == ScanTime(NOW - minutes(15), is_plausible=False)


def test_what_a_message_takes_is_no_skew() -> None:
    assert offline(NOW - minutes(15), NOW - timedelta(seconds=1)) == ScanTime(NOW - minutes(15))


def test_an_offline_scan_without_its_scanners_now_was_when_it_says_if_that_can_be() -> None:
    assert offline(NOW - minutes(15)) == ScanTime(NOW - minutes(15))
    for impossible in (RESET, FAR_AHEAD, NOW + minutes(6), NOW - LONGEST_OFFLINE - minutes(1)):
        assert offline(impossible) == ScanTime(NOW, is_plausible=False)


def test_a_clock_that_was_set_between_scan_and_telling_leads_nowhere() -> None:
    assert offline(RESET, NOW) == ScanTime(NOW, is_plausible=False)
    assert offline(NOW, RESET) == ScanTime(NOW, is_plausible=False)


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - of UTC


@given(MOMENTS, st.none() | MOMENTS, st.booleans(), st.sampled_from([timedelta(0), DAY]))
def test_no_scan_is_ever_of_the_future_or_of_long_ago(
    scanned_at: datetime, sent_at: datetime | None, is_offline: bool, wait: timedelta
) -> None:
    read = correct_scan_time(scanned_at, sent_at, is_offline=is_offline, arrived_at=NOW, longest_wait=wait)
    assert NOW - LONGEST_OFFLINE <= read.at <= NOW
