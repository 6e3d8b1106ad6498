"""All kinds of messages, as the tests of the contracts go through them."""

from culture_connect.contracts import Message


def kinds(base: type[Message] = Message) -> list[type[Message]]:
    """Every message class there is, found by inheritance and not by the catalogue."""
    found = {kind for each in base.__subclasses__() for kind in (each, *kinds(each))}
    ours = (kind for kind in found if kind.__module__.startswith("culture_connect.contracts."))
    return sorted(ours, key=lambda kind: (kind.__module__, kind.type))


def name_of(kind: type[Message]) -> str:
    """What a test calls it."""
    return f"{kind.__module__.rpartition('.')[2]} {kind.short_type}"
