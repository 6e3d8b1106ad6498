"""A storm of a minute over the whole system; `make storm` has long ones."""

from collections.abc import Callable

import pytest

from tests.storm.outcome import Options
from tests.storm.run import storm

SHORT = Options(seed=12, breaks=20, gap=2.0, longest=4.0, quiet=90.0, alone=False)


@pytest.mark.timeout(300)
async def test_every_promise_is_kept_in_a_short_storm(record_property: Callable[[str, object], None]) -> None:
    outcome = await storm(SHORT)
    for name, value in (outcome.counts | outcome.seconds).items():
        record_property(name, value)
    assert len(outcome.breaks) == SHORT.breaks
    assert outcome.findings.found == {}, f"python -m tests.storm --seed {SHORT.seed}"
