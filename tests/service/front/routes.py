"""Every route of a service, as an outsider would try it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

SERVICES = ("registration", "ticketing", "notifications")
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ID = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
_REAL = {"slug": "acme", "employee_ref": "E-1", "secret": "A" * 22, "action": "come", "venue": "paard"}


@dataclass(frozen=True, slots=True)
class Tried:
    """A route: its method and the path that it was declared with."""

    method: str
    template: str

    @property
    def path(self) -> str:
        """A path that leads to it."""
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: _REAL.get(found[1], str(_ID)), self.template)

    def path_with(self, text: str) -> str:
        """The path with this in the place of every parameter."""
        return re.sub(r"\{[^}]+\}", lambda _: text, self.template)


def routes_of(app: FastAPI) -> Iterator[Tried]:
    """All routes, with each of their methods."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield Tried(method, context.path or route.path)
