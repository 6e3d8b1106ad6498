"""What a check has to say."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from culture_connect_cli.broker.management import BrokerError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what to do about it unless another finding says that already."""

    what: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made; `well` is the sentence that is true when nothing was found."""

    well: str
    findings: Sequence[Finding] = ()


class CannotLook(Exception):
    """What was to be examined does not answer as it should; the text says so in plain words."""


async def check(well: str, look: Awaitable[Sequence[Finding]], *, cure: str | None = None) -> Checked:
    """Waits for what `look` finds. That it could not look is a finding too.

    `cure` belongs to it; without one it is left to another check to say what to do.
    """
    try:
        return Checked(well, await look)
    except (CannotLook, BrokerError) as error:
        return Checked(well, [Finding(str(error) if cure else f"it is not known whether {well}: {error}", cure)])
