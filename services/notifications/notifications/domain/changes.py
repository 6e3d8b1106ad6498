"""What of an evening its guests should know."""

from culture_connect.contracts import Evening

# Seats, release and closing are the house's own affair; they are told by what happens to tickets.
_TOLD = ("title", "theme", "starts_at", "ends_at", "venue", "location", "programme")


def material(before: Evening, now: Evening) -> frozenset[str]:
    """The names of the fields that differ and that guests should hear of."""
    return frozenset(name for name in _TOLD if getattr(before, name) != getattr(now, name))
