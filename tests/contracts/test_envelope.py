"""The envelope comes back the same in every mode, and what is wrong with one is said."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import (
    MAX_BODY_BYTES,
    STRUCTURED,
    EnrolmentErased,
    EnrolmentRequested,
    Envelope,
    EnvelopeError,
    decode,
    encode,
    headers_of,
)

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
DATA = b'{"employee_ref":"E-1"}'
TYPE = EnrolmentErased.type

# Surrogates and control characters have no place in an attribute; a broker would refuse more than 255 bytes.
line = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf")), min_size=1)
ids = st.uuids().map(str) | line.filter(lambda text: len(text) <= 200 and len(text.encode()) <= 255)
envelopes = st.builds(
    Envelope,
    id=ids,
    type=st.sampled_from([TYPE, EnrolmentRequested.type, "com.example.other.v3"]),
    source=st.sampled_from(["/culture-connect/ticketing", "/acme/hr"]) | line,
    time=st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds it
    subject=st.none() | line,
    traceparent=st.none() | st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)


def taken(
    body: bytes = DATA,
    headers: Mapping[str, object] | None = None,
    *,
    content_type: str | None = None,
    message_id: str | None = None,
    type: str | None = None,  # noqa: A002 - the AMQP property
    **properties: Any,
) -> tuple[Envelope, bytes]:
    return decode(
        body, headers or {}, content_type=content_type, message_id=message_id, type=type, now=NOW, **properties
    )


def structured(**changes: object) -> bytes:
    event = {"specversion": "1.0", "id": "m-1", "source": "/acme", "type": TYPE, "data": {"employee_ref": "E-1"}}
    return json.dumps({name: value for name, value in {**event, **changes}.items() if value != "absent"}).encode()


def refused(*arguments: Any, **properties: Any) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        taken(*arguments, **properties)
    return caught.value


def binary(**changes: object) -> dict[str, object]:
    attributes = {"specversion": "1.0", "id": "m-1", "source": "/acme", "type": TYPE, "time": "2026-10-01T12:00:00Z"}
    return {f"ce-{name}": value for name, value in {**attributes, **changes}.items() if value is not None}


@given(envelopes)
def test_an_envelope_comes_back_the_same_in_binary_mode(envelope: Envelope) -> None:
    assert taken(DATA, headers_of(envelope), content_type="application/json") == (envelope, DATA)


@given(envelopes)
def test_header_values_may_come_as_bytes(envelope: Envelope) -> None:
    headers = {name: value.encode() for name, value in headers_of(envelope).items()}

    assert taken(DATA, headers) == (envelope, DATA)


@given(envelopes, st.sampled_from([STRUCTURED, f"{STRUCTURED}; charset=utf-8", f"{STRUCTURED.upper()};charset=UTF-8"]))
def test_an_envelope_comes_back_the_same_in_structured_mode(envelope: Envelope, content_type: str) -> None:
    assert taken(encode(envelope, DATA), content_type=content_type) == (envelope, DATA)


@given(ids, st.sampled_from([TYPE, "enrolment.erased"]), st.datetimes(timezones=st.just(UTC)))
def test_the_least_that_a_client_can_do_is_enough(message_id: str, name: str, timestamp: datetime) -> None:
    envelope, data = taken(message_id=message_id, type=name, app_id="acme-hr", timestamp=timestamp)

    assert envelope == Envelope(message_id, TYPE, "acme-hr", timestamp)
    assert data is DATA


def test_a_message_without_a_time_is_of_now() -> None:
    envelope, _ = taken(message_id="m-1", type="enrolment.erased")

    assert envelope == Envelope("m-1", TYPE, "unknown", NOW)


def test_times_are_kept_in_utc() -> None:
    local = taken(headers=binary(time="2026-10-01T14:00:00.123456789+02:00"))[0]
    from_amqp = taken(message_id="m", type=TYPE, timestamp=NOW.astimezone(timezone(timedelta(hours=2))))[0]
    unsaid = taken(message_id="m", type=TYPE, timestamp=NOW.replace(tzinfo=None))[0]

    assert local.time == NOW.replace(microsecond=123456)
    assert {each.time.tzinfo for each in (local, from_amqp, unsaid)} == {UTC}
    assert from_amqp.time == unsaid.time == NOW


def test_attributes_of_the_event_win_over_amqp_properties() -> None:
    properties: dict[str, Any] = {"message_id": "property", "type": EnrolmentRequested.type}

    assert taken(DATA, binary(), **properties)[0].id == "m-1"
    envelope = taken(structured(), content_type=STRUCTURED, **properties)[0]
    assert (envelope.id, envelope.type) == ("m-1", TYPE)


def test_properties_fill_in_what_the_event_leaves_out() -> None:
    assert taken(DATA, {"ce-type": "enrolment.erased"}, message_id="property")[0].id == "property"
    assert taken(structured(id="absent"), content_type=STRUCTURED, message_id="property")[0].id == "property"


def test_the_message_that_caused_this_one_is_known() -> None:
    assert taken(DATA, binary(), correlation_id="cause")[0].correlation_id == "cause"


def test_data_may_come_in_base64() -> None:
    body = structured(data="absent", data_base64=base64.b64encode(DATA).decode())

    assert taken(body, content_type=STRUCTURED)[1] == DATA


def test_a_broken_trace_is_left_behind() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    nameless = (f"00-{'0' * 32}-{span}-01", f"00-{trace}-{'0' * 16}-01")
    for broken in ("nonsense", 17, b"\xff", f"00-{'g' * 32}-{span}-01", f"ff-{trace}-{span}-01", *nameless):
        assert taken(DATA, {**binary(), "traceparent": broken})[0].traceparent is None


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"specversion": "0.3"}, "specversion", "unsupported"),
        ({"specversion": 1.0}, "specversion", "not_a_string"),
        ({"type": None}, "type", "missing"),
        ({"type": ""}, "type", "missing"),
        ({"type": "x" * 201}, "type", "too_long"),
        ({"type": 5}, "type", "not_a_string"),
        ({"source": "a\nb"}, "source", "control_character"),
        ({"subject": "a\x00b"}, "subject", "control_character"),
        ({"subject": b"\xff"}, "subject", "control_character"),
        ({"time": "yesterday"}, "time", "not_a_time"),
        ({"time": "2026-10-01"}, "time", "not_a_time"),
        ({"time": "2026-10-01T12:00:00"}, "time", "not_a_time"),
        ({"time": "2026-13-01T12:00:00Z"}, "time", "not_a_time"),
        ({"time": 1_790_000_000}, "time", "not_a_time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time", "out_of_range"),
    ],
)
def test_a_broken_attribute_is_refused_and_the_id_kept_for_an_answer(
    changes: dict[str, object], field: str, code: str
) -> None:
    error = refused(DATA, binary(**changes))

    assert [(each.field, each.code) for each in error.problems] == [(field, code)]
    assert error.id == "m-1"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "missing"),
        ("", "missing"),
        ("x" * 201, "too_long"),
        ("é" * 150, "too_long"),
        ("a\nb", "control_character"),
        ("a\x00", "control_character"),
        (7, "not_a_string"),
        ({"a": 1}, "not_a_string"),
    ],
)
def test_a_message_without_a_usable_id_has_none_to_answer_to(value: object, code: str) -> None:
    in_binary = refused(DATA, binary(id=value))
    in_structured = refused(structured(id=value), content_type=STRUCTURED)

    for error in (in_binary, in_structured):
        assert [(each.field, each.code) for each in error.problems] == [("id", code)]
        assert (error.id, error.type) == (None, TYPE)


def test_an_id_in_bytes_that_are_no_text_is_none() -> None:
    error = refused(DATA, binary(id=b"\xff"))

    assert [(each.field, each.code) for each in error.problems] == [("id", "control_character")]
    assert error.id is None


def test_the_amqp_property_answers_for_a_broken_id() -> None:
    assert refused(DATA, binary(id="a\nb"), message_id="property").id == "property"


def test_a_message_with_nothing_lacks_id_and_type() -> None:
    error = refused(b"{}")

    assert [(each.field, each.code) for each in error.problems] == [("id", "missing"), ("type", "missing")]
    assert (error.id, error.type) == (None, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "not_json"),
        (b"\xff", "not_utf8"),
        (b"[]", "not_an_object"),
        (structured(id="half \ud800"), "not_json"),
        (structured(data={"name": "half \ud800"}), "not_json"),
        (b'{"id": "a", "id": "b"}', "duplicate_field"),
        (structured(specversion="absent"), "missing"),
        (structured(specversion="2.0"), "unsupported"),
        (structured(data="absent"), "missing"),
        (structured(data_base64="AAAA"), "ambiguous"),
        (structured(data="absent", data_base64="~~"), "not_base64"),
        (structured(data="absent", data_base64="é"), "not_base64"),
        (structured(data="absent", data_base64=7), "not_base64"),
        (structured(time="soon"), "not_a_time"),
    ],
)
def test_a_structured_event_that_cannot_be_used_is_refused_under_the_id_that_is_known(body: bytes, code: str) -> None:
    error = refused(body, content_type=STRUCTURED, message_id="property", type="enrolment.erased")

    assert [each.code for each in error.problems] == [code]
    assert error.id in ("property", "m-1")
    assert error.type == TYPE


def test_a_batch_of_events_is_not_taken() -> None:
    error = refused(b"[]", content_type="application/cloudevents-batch+json", message_id="m-1")

    assert [each.code for each in error.problems] == ["unsupported"]


@pytest.mark.parametrize("content_type", [None, "application/json", STRUCTURED])
def test_a_body_over_the_limit_is_refused_unread_under_its_id(content_type: str | None) -> None:
    body = b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}'

    error = refused(body, content_type=content_type, message_id="m-1", type="enrolment.erased")

    assert [each.code for each in error.problems] == ["too_large"]
    assert (error.id, error.type) == ("m-1", TYPE)


header_values = (
    st.none() | st.booleans() | st.integers() | st.binary(max_size=20) | st.text(max_size=20) | st.datetimes()
)
names = st.sampled_from(
    ["ce-id", "ce-type", "ce-specversion", "ce-source", "ce-subject", "ce-time", "traceparent", "x"]
)


@given(
    st.binary(max_size=60) | st.just(DATA),
    st.dictionaries(names, header_values),
    st.none() | st.just(STRUCTURED) | st.text(max_size=20),
    st.none() | st.text(max_size=20),
)
def test_anything_at_all_is_taken_or_refused(
    body: bytes, headers: dict[str, object], content_type: str | None, message_id: str | None
) -> None:
    with suppress(EnvelopeError):
        envelope, _ = taken(body, headers, content_type=content_type, message_id=message_id, type=TYPE)
        assert envelope.id
        assert envelope.time.tzinfo is UTC


def test_a_property_that_could_not_be_read_is_refused_by_its_name() -> None:
    fault = ("timestamp", "out_of_range", "must be whole seconds since 1970, below the year 10000")
    error = refused(message_id="m-1", type=TYPE, faults=[fault])
    assert [(each.field, each.code, each.message) for each in error.problems] == [fault]
    assert (error.id, error.type) == ("m-1", TYPE)


def test_what_is_missing_only_since_it_could_not_be_read_is_told_once() -> None:
    bad_id, bad_type = ("message_id", "malformed", "must be UTF-8"), ("type", "malformed", "must be UTF-8")
    error = refused(faults=[bad_id, bad_type])
    assert [each.field for each in error.problems] == ["message_id", "type"]
    assert error.id is None
    error = refused(message_id="m-1", faults=[bad_type], headers={"ce-subject": "\n"})
    assert [each.field for each in error.problems] == ["type", "subject"]


def test_bytes_in_an_attribute_are_text_where_they_can_be() -> None:
    envelope, _ = taken(headers=binary(subject=bytearray(b"s-1"), time=bytearray(b"2026-10-01T12:00:00Z")))
    assert envelope.subject == "s-1"
    assert [each.field for each in refused(headers=binary(subject=bytearray(b"\xff"))).problems] == ["subject"]
