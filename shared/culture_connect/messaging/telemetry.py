"""The metrics of the kit: counts and sizes, never contents."""

import contextlib
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Telemetry:
    """The metrics of one service replica, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.deliveries = Counter(
            "culture_connect_deliveries",
            "Deliveries settled, by queue and what became of them",
            ["queue", "outcome"],
            registry=self.registry,
        )
        self.batch_size = Histogram(
            "culture_connect_batch_size",
            "Deliveries committed in one transaction",
            ["queue"],
            buckets=(1, 2, 5, 10, 25, 50, 100, 200, 300, 500),
            registry=self.registry,
        )
        self.consuming = Gauge(
            "culture_connect_consuming",
            "1 while the queue is consumed by this replica",
            ["queue"],
            registry=self.registry,
        )
        self.bytes_in_hand = Gauge(
            "culture_connect_bytes_in_hand",
            "Bodies that were read and are not settled yet",
            ["queue"],
            registry=self.registry,
        )
        self.consumption_paused = Gauge(
            "culture_connect_consumption_paused",
            "1 while messages in hand wait for a database that cannot be used",
            ["queue"],
            registry=self.registry,
        )
        self.retries_waiting = Gauge(
            "culture_connect_retries_waiting", "Messages that wait for another try", ["queue"], registry=self.registry
        )
        self.retries_oldest = Gauge(
            "culture_connect_retries_oldest_seconds",
            "Seconds since the oldest of them came",
            ["queue"],
            registry=self.registry,
        )
        self.relay_confirmed = Counter(
            "culture_connect_relay_confirmed", "Messages the broker confirmed", registry=self.registry
        )
        self.relay_postponed = Counter(
            "culture_connect_relay_postponed",
            "Times that a destination or a row was put off, by what the broker said",
            ["reason"],
            registry=self.registry,
        )
        self.relay_leading = Gauge(
            "culture_connect_relay_leading", "1 on the replica whose relay is active", registry=self.registry
        )
        self.outbox_rows = Gauge(
            "culture_connect_outbox_rows", "Messages waiting to be sent at once", registry=self.registry
        )
        self.outbox_oldest = Gauge(
            "culture_connect_outbox_oldest_seconds", "Age of the oldest such message", registry=self.registry
        )
        self.lane_rows = Gauge(
            "culture_connect_outbox_lane_rows",
            "Messages waiting for a destination in trouble; state is retrying or quarantined",
            ["lane", "state", "reason"],
            registry=self.registry,
        )
        self.lane_oldest = Gauge(
            "culture_connect_outbox_lane_oldest_seconds",
            "Age of the oldest message waiting for a destination in trouble",
            ["lane"],
            registry=self.registry,
        )
        self.lanes_quarantined = Gauge(
            "culture_connect_outbox_quarantined_lanes",
            "Destinations that only a change of the topology can help",
            registry=self.registry,
        )
        self.rows_quarantined = Gauge(
            "culture_connect_outbox_quarantined_rows", "Messages that can never be sent", registry=self.registry
        )

    def forget_queue(self, queue: str) -> None:
        """Removes the metrics of a queue that is not consumed any longer."""
        for gauge in (self.consuming, self.bytes_in_hand, self.consumption_paused):
            with contextlib.suppress(KeyError):
                gauge.remove(queue)

    def set_retries(self, waiting: Mapping[str, tuple[int, float]]) -> None:
        """Sets the messages that wait, and the seconds since the first of them came, by queue."""
        self.retries_waiting.clear()
        self.retries_oldest.clear()
        for queue, (count, seconds) in waiting.items():
            self.retries_waiting.labels(queue).set(count)
            self.retries_oldest.labels(queue).set(seconds)
