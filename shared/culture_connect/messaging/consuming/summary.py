"""The summary that replaces the body of a refused message: enough to name the fault to its sender, and the message."""

import re
from collections.abc import Sequence

from pydantic_core import to_json

from culture_connect.contracts import RefusalError
from culture_connect.messaging.consuming.mask import masked
from culture_connect.messaging.consuming.received import ReceivedMessage
from culture_connect.messaging.keyed_hash import KeyedHash

_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}", re.IGNORECASE)


def summary_of(message: ReceivedMessage, problems: Sequence[RefusalError], hashes: KeyedHash) -> bytes:
    """A JSON object: `size` in bytes, keyed `hash` (hex), `content_type`, `problems`, and the masked `beginning`.

    A body can be recognised by its hash by whoever has both the body and the service's key.
    """
    content_type = message.content_type if _CONTENT_TYPE.fullmatch(message.content_type or "") else None
    return to_json(
        {
            "size": len(message.body),
            "hash": hashes.of("body", message.body).hex(),
            "content_type": content_type,
            "problems": [problem.model_dump() for problem in problems],
            "beginning": masked(message.body),
        }
    )
