"""The interruptions that a storm measures, and their picture."""

import time
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from culture_connect_cli.accounts import Credentials
from tests.storm.external_clients import ReceivedMessage
from tests.storm.findings import DOUBLE, LOST, Findings
from tests.storm.flow import FlowProbe, Interruption
from tests.storm.interruption_plot import picture

ACCOUNT = Credentials("hr.probe", "secret", "localhost", 5672, "edge", "hr.probe", "enrolment", "hr.probe.receipts")


def probe_with_receipts_at(*seconds: float) -> tuple[FlowProbe, datetime]:
    """A probe whose receipts came so many seconds after now, which is the moment that is returned."""
    probe = FlowProbe(ACCOUNT)
    begin, moment = time.monotonic(), datetime.now(UTC)
    for number, each in enumerate(seconds):
        probe.sent.append(str(number))
        data = {"message_id": str(number)}
        type_ = "nl.cultureconnect.enrolment.accepted.v1"
        probe.reader.received[str(number)] = ReceivedMessage(str(number), type_, data, begin + each)
    return probe, moment


def test_the_longest_time_without_a_receipt_around_a_break_is_its_interruption() -> None:
    probe, start = probe_with_receipts_at(0, 0.5, 1, 9, 9.5, 10, 40, 90)
    begin, end = start + timedelta(seconds=1.5), start + timedelta(seconds=6.5)
    measured = probe.interruption("stop-node", "rabbitmq-2", begin, end)
    assert measured.seconds == 30  # five seconds after the break it may still be felt
    assert (measured.kind, measured.target) == ("stop-node", "rabbitmq-2")
    assert abs(measured.lasted - 5) < 0.2
    early = probe.interruption("stop-node", "rabbitmq-2", start - timedelta(seconds=5), start - timedelta(seconds=3))
    assert early.seconds == 8


def test_a_message_of_the_probe_without_a_receipt_or_with_two_is_a_finding() -> None:
    probe, _ = probe_with_receipts_at(0, 1)
    findings = Findings()
    probe.check(findings)
    assert not findings
    probe.sent.append("another")
    repeated = probe.reader.received["1"]
    probe.reader.received["2"] = ReceivedMessage("2", repeated.type, repeated.data, repeated.at)
    probe.check(findings)
    assert findings.found.keys() == {LOST, DOUBLE}


def test_the_picture_has_a_dot_for_each_break_and_a_row_for_each_kind() -> None:
    measured = [
        Interruption("fail-over-database", "database", 1.0, 4.0, 14.5),
        Interruption("stop-node", "rabbitmq", 9.0, 4.0, 0.7),
        Interruption("stop-node", "rabbitmq-2", 30.0, 4.0, 1.1),
    ]
    root = ElementTree.fromstring(picture(7, measured))  # noqa: S314 - our own picture
    tag = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{tag}circle")) == 3
    texts = [each.text for each in root.findall(f"{tag}text")]
    assert texts.index("stop-node") < texts.index("fail-over-database")
    assert "14.5 s" in texts
