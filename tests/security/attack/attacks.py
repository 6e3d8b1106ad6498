"""The attacks by name: who can do it, and what is done."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tests.security.attack import bus_attacks, http_attacks
from tests.security.attack.target import Target

_GRACE: Final = 5.0  # seconds for an attack to end

Actor = Literal["partner", "box office", "participant", "nobody"]


@dataclass(frozen=True)
class Attack:
    """One kind of attack; `run` does it until the deadline (monotonic seconds) and returns how often."""

    actor: Actor
    run: Callable[[Target, float], Awaitable[int]]


ATTACKS: Final[Mapping[str, Attack]] = {
    "forged-death-records": Attack("partner", bus_attacks.forge_death_records),
    "large-headers": Attack("partner", bus_attacks.send_large_headers),
    "small-messages": Attack("partner", bus_attacks.send_small_messages),
    "large-messages": Attack("partner", bus_attacks.send_large_messages),
    "messages-without-id": Attack("partner", bus_attacks.send_without_id),
    "costly-messages": Attack("partner", bus_attacks.send_costly_json),
    "malformed-frames": Attack("partner", bus_attacks.send_malformed_frames),
    "channel-churn": Attack("partner", bus_attacks.churn_channels),
    "hoarded-receipts": Attack("partner", bus_attacks.hoard_receipts),
    "admissions": Attack("box office", bus_attacks.flood_admissions),
    "bodies-of-token": Attack("partner", http_attacks.hold_bodies_of_token),
    "slow-reading": Attack("partner", http_attacks.read_slowly),
    "wide-files": Attack("partner", http_attacks.upload_wide_files),
    "costly-requests": Attack("partner", http_attacks.send_costly_json),
    "bodies-of-link": Attack("participant", http_attacks.hold_bodies_of_link),
    "page-flood": Attack("participant", http_attacks.flood_page),
    "slow-heads": Attack("nobody", http_attacks.hold_heads),
    "guesses": Attack("nobody", http_attacks.guess),
    "broker-connections": Attack("nobody", http_attacks.hold_broker),
}


def run(name: str, target: Target, seconds: float) -> int:
    """Attacks for so many seconds and returns how often: messages, requests, connections or channels.

    To be called in a process of its own, so that it does not slow who measures.
    """
    # What is thrown out complains, which is nobody's concern.
    logging.disable()
    return asyncio.run(_run(ATTACKS[name], target, seconds))


async def _run(attack: Attack, target: Target, seconds: float) -> int:
    # Whatever an attacker waits for: after this it is over.
    async with asyncio.timeout(seconds + _GRACE):
        return await attack.run(target, time.monotonic() + seconds)
