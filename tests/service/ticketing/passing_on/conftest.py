"""Ans, who has a ticket, and her colleagues."""

import pytest

from tests.service.ticketing.house import MONTH_BEFORE, House
from tests.service.ticketing.passing_on.stage import NIGHT
from tests.unit.ticketing.news import enrolled, partner


@pytest.fixture(autouse=True)
async def _colleagues(house: House) -> None:
    """Ans has a ticket; Bo, Cas and Dee of the same organisation have none, nor has Zoe of a small other one."""
    house.now = MONTH_BEFORE
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]))
    await house.hear(partner("zeebank", places=1), enrolled("zoe", partner="zeebank"), NIGHT)
    await house.ask_in_turn(NIGHT, "ans")
    await house.forget_told()
