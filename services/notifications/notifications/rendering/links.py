"""Links from letters to the pages of this service."""

from uuid import UUID


def unsubscribe_link(public_url: str, secret: UUID) -> str:
    """Where an addressee switches off what they can do without; `secret` is that of their preferences."""
    return f"{public_url.rstrip('/')}/unsubscribe/{secret}"
