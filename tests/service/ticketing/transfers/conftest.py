"""Ans, who has a ticket, and her colleagues."""

import pytest

from tests.service.ticketing.harness import MONTH_BEFORE, Harness
from tests.service.ticketing.transfers.stage import NIGHT
from tests.unit.ticketing.news import enrolled, partner


@pytest.fixture(autouse=True)
async def _colleagues(harness: Harness) -> None:
    """Ans has a ticket; Bo, Cas and Dee of the same organisation have none, nor has Zoe of a small other one."""
    harness.now = MONTH_BEFORE
    await harness.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]))
    await harness.hear(partner("zeebank", places=1), enrolled("zoe", partner="zeebank"), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans")
    await harness.forget_told()
