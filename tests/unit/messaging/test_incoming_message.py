"""A delivery keeps in memory only what is read later."""

import itertools
import string
from unittest.mock import Mock

from culture_connect.messaging.consuming.content_header import MAX_HEADERS, decode_content_header
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from tests.support.raw_amqp import content_header, field, long


def test_thousands_of_tiny_headers_are_not_held_while_a_message_is_in_hand() -> None:
    names = map("".join, itertools.product(string.ascii_letters, repeat=2))
    tiny = b"".join(field(name, b"V", b"") for name in itertools.islice(names, MAX_HEADERS // 5))
    known = field("ce-id", b"S", long(b"m-1")) + field("ce-subject", b"F", long(tiny[:400]))
    header = decode_content_header(content_header(0, {"headers": long(known + tiny)}))
    message = IncomingMessage(Mock(), 1, False, header, b"")
    assert message.headers == {"ce-id": "m-1", "ce-subject": []}
    assert message.faults == ()
