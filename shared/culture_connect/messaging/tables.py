"""The kit's tables, which stand in the schema of every service."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

outbox = Table(
    "outbox",
    metadata,
    # Assigned while the aggregate's row lock is held: per aggregate the order of ids is the order of commits.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # The destination whose trouble delays this message, and no other message: see `Route.lane`.
    Column("lane", Text, nullable=False),
    Column("vhost", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("correlation_id", Text),
    # The encoded AMQP properties of a dead letter, which are its sender's; null for an event of ours.
    Column("properties", LargeBinary),
    Column("body", LargeBinary, nullable=False),
    # A durable timer; null: as soon as possible.
    Column("due_at", DateTime(timezone=True)),
    # Set when this row can never be sent, whatever its destination does.
    Column("quarantined_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index("outbox_pending", outbox.c.lane, outbox.c.id, postgresql_where=text("due_at is null and quarantined_at is null"))
Index("outbox_timers", outbox.c.due_at, postgresql_where=text("due_at is not null and quarantined_at is null"))
Index("outbox_quarantined", outbox.c.lane, postgresql_where=text("quarantined_at is not null"))

# Lanes in trouble; a lane without a row is well.
outbox_lanes = Table(
    "outbox_lanes",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("failing_since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("retry_at", DateTime(timezone=True), nullable=False),
    Column("quarantined_at", DateTime(timezone=True)),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

retries = Table(
    "retries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("vhost", Text, nullable=False),
    Column("queue", Text, nullable=False),
    # Messages of one key keep their order; null: this one waits for nobody.
    Column("key", Text),
    # AMQP properties and headers as JSON; no jsonb, since a sender's text may hold what jsonb refuses.
    Column("properties", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    # Counted before each try, so that a message which ends the process is counted as well.
    Column("attempts", Integer, nullable=False),
    # True while it may be this message that ended a process: it is tried with nothing else unsettled.
    Column("suspect", Boolean, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("last_error", Text),
)
Index("retries_due", retries.c.queue, retries.c.due_at, retries.c.id)
Index("retries_of_key", retries.c.queue, retries.c.key, retries.c.id, postgresql_where=text("key is not null"))

inbox = Table(
    "inbox",
    metadata,
    # Of queue and message id, and of type and body, under a key that is not here (`keyed_hash`).
    Column("message_hash", Uuid, primary_key=True),
    Column("content_hash", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Messages of outside parties that cannot be handled, by day in UTC.
refusals = Table(
    "refusals",
    metadata,
    Column("queue", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("messages", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("body", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index("idempotency_keys_age", idempotency_keys.c.created_at)
