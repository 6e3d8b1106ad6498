from culture_connect.messaging.log_limit import LogLimit


def test_each_condition_has_one_line_a_minute() -> None:
    limit = LogLimit()
    assert [limit.allows("trouble", lane) for lane in ("paard", "paard", "ndt", "paard")] == [True, False, True, False]
