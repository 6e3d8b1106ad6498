"""The usual way: a FastStream handler with an ORM session per message, published after the commit.

Written as an honest, competent developer would: validated by pydantic, up to a hundred messages at once, pooled
connections, unique constraints, persistent and confirmed publishing. It has no inbox and no outbox, so it may lose or
double what the bus kit may not.

Arguments: AMQP URL of the edge, AMQP URL of the core, database URL, queue, partner.
"""

import asyncio
import signal
import sys
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from sqlalchemy import UniqueConstraint
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from culture_connect.contracts import (
    EnrolmentAccepted,
    EnrolmentRequested,
    Envelope,
    Message,
    Outcome,
    ParticipantEnrolled,
    headers_of,
)

PREFETCH = 100
SESSIONS = 20


class PlainParticipant(SQLModel, table=True):
    """A participant, as the row and as the object."""

    __tablename__ = "plain_participants"
    __table_args__: ClassVar[tuple[UniqueConstraint, ...]] = (
        UniqueConstraint("partner", "employee_ref"),
        UniqueConstraint("partner", "email"),
    )

    participant_id: UUID = Field(default_factory=uuid4, primary_key=True)
    partner: str
    employee_ref: str
    given_name: str
    family_name: str
    email: str
    language: str
    starts_on: date | None = None
    ends_on: date | None = None
    version: int = 1


async def serve(edge_url: str, core_url: str, database_url: str, queue: str, partner: str) -> None:
    """Handles messages until SIGTERM."""
    engine = create_async_engine(
        make_url(database_url).set(drivername="postgresql+asyncpg"), pool_size=SESSIONS, max_overflow=0
    )
    sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    edge = RabbitBroker(edge_url, logger=None, graceful_timeout=10)
    core = RabbitBroker(core_url, logger=None, graceful_timeout=10)
    receipts = RabbitExchange("receipts", type=ExchangeType.DIRECT, declare=False)
    events = RabbitExchange("events", type=ExchangeType.TOPIC, declare=False)

    @edge.subscriber(
        RabbitQueue(queue, declare=False),
        channel=Channel(prefetch_count=PREFETCH),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        no_reply=True,
    )
    async def enrol(request: EnrolmentRequested, message: RabbitMessage) -> None:
        async with sessions() as session:
            known = await session.exec(
                select(PlainParticipant).where(
                    PlainParticipant.partner == partner, PlainParticipant.employee_ref == request.employee_ref
                )
            )
            participant = known.first()
            outcome = Outcome.UNCHANGED
            if participant is None:
                participant = PlainParticipant(partner=partner, **request.model_dump())
                session.add(participant)
                await session.commit()
                outcome = Outcome.ENROLLED
        event = ParticipantEnrolled(
            participant_id=participant.participant_id,
            partner=partner,
            given_name=participant.given_name,
            family_name=participant.family_name,
            email=participant.email,
            language=request.language,
            starts_on=participant.starts_on,
            ends_on=participant.ends_on,
            version=participant.version,
        )
        receipt = EnrolmentAccepted(
            message_id=message.message_id,
            employee_ref=participant.employee_ref,
            participant_id=participant.participant_id,
            outcome=outcome,
        )
        await asyncio.gather(
            _publish(core, events, event.routing_key(partner), event, message),
            _publish(edge, receipts, partner, receipt, message),
        )

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await core.start()
    await edge.start()
    await stopping.wait()
    await edge.stop()
    await core.stop()
    await engine.dispose()


async def _publish(
    broker: RabbitBroker, exchange: RabbitExchange, key: str, body: Message, cause: RabbitMessage
) -> None:
    envelope = Envelope(str(uuid4()), body.type, "/culture-connect/plain", datetime.now(UTC))
    await broker.publish(
        body.to_json(),
        exchange=exchange,
        routing_key=key,
        headers=dict(headers_of(envelope)),
        content_type="application/json",
        message_id=envelope.id,
        message_type=body.type,
        correlation_id=cause.message_id,
        persist=True,
    )


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:6]))
