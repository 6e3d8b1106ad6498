"""A minute of attacks; `python -m tests.security.attack` has all of them, for five."""

from collections.abc import Callable

import pytest

from tests.security.attack.run import assail

WORST = ("forged-death-records", "large-headers", "bodies-of-link", "bodies-of-token", "wide-files", "slow-heads")


@pytest.mark.timeout(300)
async def test_nobody_else_notices_an_attack(record_property: Callable[[str, object], None]) -> None:
    # Other tests run beside this one: how fast it is, is for the long form to say.
    outcome = await assail(WORST, seconds=3.0, slowest=10.0)
    for met in outcome.met:
        record_property(met.attack, met.slowest)
    assert outcome.findings == []
