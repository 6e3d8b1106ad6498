"""Ans, who has a ticket, and her colleagues."""

import pytest

from tests.service.ticketing.harness import MONTH_BEFORE, Harness
from tests.service.ticketing.transfers.constants import NIGHT
from tests.unit.ticketing.registration_events import enrolled, partner


@pytest.fixture(autouse=True)
async def _colleagues(harness: Harness) -> None:
    """Ans has a ticket; Bo, Cas and Dee of the same organisation have none, nor has Zoe of a small other one."""
    harness.now = MONTH_BEFORE
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]))
    await harness.apply(partner("zeebank", places=1), enrolled("zoe", partner="zeebank"), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans")
    await harness.clear_outbox()
