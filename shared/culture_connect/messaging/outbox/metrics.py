"""Metrics of the outbox."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.telemetry import Telemetry

_WAITING = text(
    """
    select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)
    from outbox where due_at is null and quarantined_at is null
    """
)
_IN_TROUBLE = text(
    """
    select
        lane, quarantined_at is not null, last_error, waiting.number,
        extract(epoch from now() - coalesce(waiting.oldest, failing_since))
    from outbox_lanes, lateral (
        select count(*) as number, min(created_at) as oldest from outbox
        where outbox.lane = outbox_lanes.lane and due_at is null and quarantined_at is null
    ) as waiting
    order by lane
    """
)
_QUARANTINED_ROWS = text("select count(*) from outbox where quarantined_at is not null")


async def measure_outbox(connection: AsyncConnection, telemetry: Telemetry) -> None:
    """Counts what waits, in all and for each destination in trouble. Raises the database's errors."""
    rows, oldest = (await connection.execute(_WAITING)).one()
    in_trouble = (await connection.execute(_IN_TROUBLE)).all()
    unsendable = (await connection.execute(_QUARANTINED_ROWS)).scalar_one()
    telemetry.outbox_rows.set(rows)
    telemetry.outbox_oldest.set(float(oldest))
    telemetry.rows_quarantined.set(unsendable)
    telemetry.lanes_quarantined.set(sum(quarantined for _, quarantined, *_ in in_trouble))
    telemetry.lane_rows.clear()
    telemetry.lane_oldest.clear()
    for lane, quarantined, reason, number, age in in_trouble:
        telemetry.lane_rows.labels(lane, "quarantined" if quarantined else "retrying", reason).set(number)
        telemetry.lane_oldest.labels(lane).set(float(age))
