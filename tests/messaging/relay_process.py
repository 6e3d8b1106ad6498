"""A relay of ticketing in a process of its own, which can be stopped: `relay_process DATABASE_URL CORE_URL`."""

import asyncio
import sys

from culture_connect.messaging import Telemetry
from culture_connect.messaging.outbox.relay import Relay

LEASE = 2.0  # seconds

if __name__ == "__main__":
    database_url, core_url = sys.argv[1:]
    relay = Relay(database_url, schema="ticketing", brokers={"core": core_url}, telemetry=Telemetry(), lease_ttl=LEASE)
    asyncio.run(relay.run())
