"""Tombstones of those who were erased, or left before they were known; they tell nothing to a reader of the database.

A tombstone is found by an HMAC-SHA256 (RFC 2104) of partner and employee reference under a key that the database does
not hold: employee references are few and short, and a plain hash of them could be searched through in no time.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from registration.domain.roster import Tombstone

_LOAD = text("select digest, participant_id, erased_at, last_command_at from tombstones where digest = any(:digests)")
_SAVE = text(
    """
    insert into tombstones (digest, participant_id, erased_at, last_command_at)
    select * from unnest(
        cast(:digests as bytea[]), cast(:participant_ids as uuid[]), cast(:erased_at as timestamptz[]),
        cast(:last_command_at as timestamptz[])
    )
    on conflict (digest) do update set
        participant_id = excluded.participant_id, erased_at = excluded.erased_at,
        last_command_at = excluded.last_command_at
    """
)
_FORGET_UNKNOWN = text("delete from tombstones where participant_id is null and last_command_at < :before")


async def forget_unknown(work: UnitOfWork, before: datetime) -> None:
    """Drops the tombstones of those whom nobody knew and who left before that moment."""
    await work.execute(_FORGET_UNKNOWN, {"before": before})


class Tombstones:
    """The tombstones under one key (at least 32 bytes, secret; with another key none of them is found again)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def load(self, work: UnitOfWork, partner: str, refs: Collection[str]) -> dict[str, Tombstone]:
        """The tombstones of these employee references of the partner."""
        by_digest = {self._digest(partner, ref): ref for ref in refs}
        rows = await work.execute(_LOAD, {"digests": list(by_digest)})
        return {
            by_digest[row.digest]: Tombstone(row.participant_id, row.erased_at, row.last_command_at) for row in rows
        }

    async def save(self, work: UnitOfWork, partner: str, tombstones: Mapping[str, Tombstone]) -> None:
        """Writes tombstones, by employee reference; who has one already gets the new one."""
        if not tombstones:
            return
        columns = {
            "digests": [self._digest(partner, ref) for ref in tombstones],
            "participant_ids": [each.participant_id for each in tombstones.values()],
            "erased_at": [each.erased_at for each in tombstones.values()],
            "last_command_at": [each.last_command_at for each in tombstones.values()],
        }
        await work.execute(_SAVE, columns)

    def _digest(self, partner: str, employee_ref: str) -> bytes:
        # A slug has no NUL, so no two pairs are written the same.
        return hmac.digest(self._key, f"{partner}\0{employee_ref}".encode(), hashlib.sha256)
