from datetime import UTC, datetime

import pamqp.frame
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from culture_connect.messaging.outbox.frames import publication_frames

names = st.text(max_size=40)
headers = st.fixed_dictionaries(
    {
        "ce-id": st.text(min_size=1, max_size=60),
        "ce-type": names,
        "ce-source": names.map("/culture-connect/{}".format),
        "ce-time": st.integers(0, 2**32).map(lambda second: datetime.fromtimestamp(second, UTC).isoformat()),
    },
    optional={"ce-subject": st.text(max_size=300), "traceparent": names},
)


@given(st.integers(1, 2000), names, names, headers, st.none() | names, st.binary(max_size=9000))
def test_a_general_decoder_finds_what_was_meant(
    channel: int, exchange: str, key: str, headers: dict[str, str], correlation_id: str | None, body: bytes
) -> None:
    frames = publication_frames(
        channel, 4096, exchange=exchange, routing_key=key, headers=headers, correlation_id=correlation_id, body=body
    )

    read = []
    for frame in frames:
        size, number, decoded = pamqp.frame.unmarshal(frame)
        assert (size, number) == (len(frame), channel)
        read.append(decoded)
    publish, header, *parts = read
    assert isinstance(publish, Basic.Publish)
    assert (publish.exchange, publish.routing_key, publish.mandatory) == (exchange, key, True)
    assert isinstance(header, ContentHeader)
    assert header.body_size == len(body)
    properties = header.properties
    assert properties.headers == headers
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert (properties.message_id, properties.message_type) == (headers["ce-id"], headers["ce-type"])
    assert properties.app_id == headers["ce-source"].rpartition("/")[2]
    assert properties.correlation_id == correlation_id
    assert b"".join(part.value for part in parts if isinstance(part, ContentBody)) == body
