"""The HR queues to consume: those of the partners that are registered at the moment."""

from collections.abc import Sequence
from functools import partial

from culture_connect.messaging import Database, Handlers, Subscription
from culture_connect.messaging.errors import is_database_fault
from culture_connect.messaging.topology import enrolments_queue
from registration.store import partners


class HrQueues:
    """Asked again and again; a partner added at run time is among the next answer."""

    def __init__(self, database: Database, handlers: Handlers) -> None:
        self._database = database
        self._handlers = handlers
        self._partners: Sequence[str] = ()
        self._on_bus: dict[str, bool] = {}
        self._to_note: dict[str, bool] = {}

    async def __call__(self) -> list[Subscription]:
        """A subscription for each partner."""
        try:
            async with self._database.begin() as work:
                self._partners = await partners.slugs(work)
                noted = await partners.note_on_bus(work, self._to_note)
            for slug in noted:
                self._on_bus[slug] = self._to_note.pop(slug)
        except Exception as error:
            # Without the database nobody joins or leaves: what is in hand waits for it, and need not be given back.
            if not is_database_fault(error):
                raise
        return [
            Subscription("edge", enrolments_queue(slug), self._handlers, found=partial(self._found, slug))
            for slug in self._partners
        ]

    def _found(self, slug: str, is_there: bool) -> None:
        """Its queue comes and goes with its account; what is new about that is written down at the next look."""
        if self._on_bus.get(slug) is not is_there:
            self._to_note[slug] = is_there

    def documented(self) -> Subscription:
        """Returns the subscription that stands for all of them in a document."""
        return Subscription("edge", "hr.<partner>.enrolments", self._handlers)
