"""Whatever HR sends, in whatever order and how often: registration does what the contract says.

The real reader, group commit, handlers and clock on a real database, beside a model that takes one message at a time.
`HYPOTHESIS_EXAMPLES=1000` tries that many stories, other ones each time.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import Telemetry
from registration.clock import Clock
from registration.consumers import enrolment_handlers
from registration.http.participants import ParticipantView
from registration.store import participants
from registration.store.tombstones import Tombstones
from registration.use_cases import partners
from tests.service.registration.house import PREFIX
from tests.service.registration.intake import DatabaseAt, Intake, written
from tests.service.registration.model import Model, Post
from tests.service.registration.stories import BEGIN, STORIES, Again, Batch, Pause, Story, Unreadable
from tests.support.databases import Databases

EXAMPLES = os.environ.get("HYPOTHESIS_EXAMPLES")
NEIGHBOUR = "neighbour"
SERVICES = ("notifications", "ticketing")

# Where the data of the partner `:slug` stands. What is on its way out is told to others, who are told to forget it.
_WHERE = {
    "partners": "slug = :slug",
    "participants": "partner = :slug",
    "tombstones": "participant_id in (select participant_id from participants where partner = :slug)",
    "erasures": "participant_id in (select participant_id from participants where partner = :slug)",
    "inbox": "consumer = 'hr.' || :slug || '.enrolments'",
}
_OF_NOBODY = {"evenings", "venues", "idempotency_keys", "outbox", "alembic_version"}


@dataclass
class Sent:
    """What HR sent so far."""

    posts: list[tuple[Post, aio_pika.Message]] = field(default_factory=list)

    def next(self, what: New | Unreadable | Again, now: datetime) -> list[tuple[Post, aio_pika.Message]]:
        """The message that this is, arriving now; none when it would be an earlier one and there is none."""
        found = self._found(what, now)
        self.posts += found
        return found

    def _found(self, what: New | Unreadable | Again, now: datetime) -> list[tuple[Post, aio_pika.Message]]:
        new_id = secrets.token_hex(8)
        if isinstance(what, New):
            sent_at = None if what.ago is None else now - what.ago
            post = Post(new_id, what.type, what.data, sent_at)
            return [(post, written(post, what.form))]
        if isinstance(what, Unreadable):
            post = Post(new_id, what.type, what.data, fault=what.fault)
            return [(post, written(post, "least", what.body))]
        if not self.posts:
            return []
        post, message = self.posts[-1 - what.back % len(self.posts)]
        if what.how == "as it was":
            return [(post, message)]
