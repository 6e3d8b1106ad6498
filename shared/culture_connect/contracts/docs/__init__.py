"""The public documentation of the bus, made from the code: `python -m culture_connect.contracts.docs`."""

from culture_connect.contracts.docs.page import events_page
from culture_connect.contracts.docs.schemas import schema_files

__all__ = ["documents"]


def documents() -> dict[str, str]:
    """Every generated file below the documentation folder, by its path, with its text."""
    return {"events.md": events_page(), **schema_files()}
