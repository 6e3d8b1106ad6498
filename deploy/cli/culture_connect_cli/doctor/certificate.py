"""Check of the broker's certificate as external clients see it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from culture_connect_cli.broker.connection import Amqps
from culture_connect_cli.doctor.check import CheckError, Finding

SOON: Final = timedelta(days=14)  # `secrets init` renews with less than 30
_TIMEOUT: Final = 5.0  # seconds
_REMEDY: Final = "renew it: `secrets init` writes what is due, then the broker's cache is cleared; see docs/tls.md"


async def check_certificate(amqps: Amqps, now: datetime) -> Sequence[Finding]:
    """A certificate that clients refuse or that expires soon. Raises CheckError when the handshake is impossible."""
    address = f"{amqps.host}:{amqps.port}"
    try:
        expiry = await _expiry(amqps)
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message.rstrip(".")
        return [Finding(f"clients do not accept the broker's certificate at {address}: {reason}", _REMEDY)]
    except (OSError, TimeoutError) as error:
        raise CheckError(f"the broker does not speak TLS at {address} ({type(error).__name__})") from error
    if expiry - now > SOON:
        return []
    days = max(0, (expiry - now).days)
    return [Finding(f"the broker's certificate at {address} expires in {days} day{'s' if days != 1 else ''}", _REMEDY)]


async def _expiry(amqps: Amqps) -> datetime:
    context = await asyncio.to_thread(ssl.create_default_context, cafile=amqps.ca_file)
    async with asyncio.timeout(_TIMEOUT):
        _, writer = await asyncio.open_connection(amqps.host, amqps.port, ssl=context)
    try:
        shown = writer.get_extra_info("peercert")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                await writer.wait_closed()
