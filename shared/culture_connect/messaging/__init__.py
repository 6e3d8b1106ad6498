"""The bus kit: everything a service needs to take part, and to lose or double nothing.

A service declares subscribers and their handlers on `EventRouter`s, and a `Service` runs them. Its handlers and routes
work in a `UnitOfWork`, whose rows and emitted events are committed together. The guarantees:

1. Effects exactly once on at-least-once delivery: the inbox row is part of the transaction (`consuming.inbox`).
2. Events leave only through the outbox, in the order of their commits per aggregate (`outbox`, `outbox.relay`).
3. Deliveries share transactions under load; one that fails fails alone (`consuming.group_commit`).
4. Failures end in a later try, with those of the same key behind it, or in the dead letters with their reason
   (`consuming.retry_rows`, `.retry_policy`). A fault of the database is no message's (`errors`, `consuming.outage`).
5. Every event carries its aggregate's version; see `Delivery` and the contracts.
6. Every wait has an end, and a fault delays only itself (`connection`, `outbox.destination`, `consuming.consumer`).
7. A stop settles what was taken (`service`, `consuming.supervisor`).
"""

from culture_connect.messaging.batching import BatchExecutor
from culture_connect.messaging.consuming.router import BatchSubscriber, Delivery, EventRouter, InvalidDelivery
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import MessagingError, PermanentFailure, TransientFailure
from culture_connect.messaging.routes import Route, core_event, feed_to, receipt_to
from culture_connect.messaging.service import Service
from culture_connect.messaging.telemetry import Telemetry
from culture_connect.messaging.unit_of_work import UnitOfWork

__all__ = [
    "BatchExecutor",
    "BatchSubscriber",
    "Database",
    "Delivery",
    "EventRouter",
    "InvalidDelivery",
    "MessagingError",
    "PermanentFailure",
    "Route",
    "Service",
    "Telemetry",
    "TransientFailure",
    "UnitOfWork",
    "core_event",
    "feed_to",
    "receipt_to",
]
