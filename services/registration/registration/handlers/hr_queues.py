"""The HR queues to consume: those of the partners that are registered at the moment."""

from collections.abc import Sequence
from functools import partial

from culture_connect.messaging import BatchSubscriber, Database
from culture_connect.messaging.errors import is_database_fault
from registration.store import partners


class HrQueues:
    """Asked again and again; a partner added at run time is among the next answer."""

    def __init__(self, database: Database, subscriber: BatchSubscriber) -> None:
        self._database = database
        self._subscriber = subscriber
        self._partners: Sequence[str] = ()
        self._on_bus: dict[str, bool] = {}
        self._to_note: dict[str, bool] = {}

    async def __call__(self) -> list[BatchSubscriber]:
        """Returns a subscriber for each partner."""
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
        return [self._subscriber.for_party(slug, partial(self._note_existence, slug)) for slug in self._partners]

    def _note_existence(self, slug: str, exists: bool) -> None:
        """A partner's queue comes and goes with its account; a change is written down with the next answer."""
        if self._on_bus.get(slug) is not exists:
            self._to_note[slug] = exists
