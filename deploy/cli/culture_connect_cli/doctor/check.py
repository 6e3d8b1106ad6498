"""A check and its result."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from culture_connect_cli.broker.management import BrokerError


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its remedy, None when another finding names it already."""

    what: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check; `passed` is the sentence that is true without findings."""

    passed: str
    findings: Sequence[Finding] = ()


class CheckError(Exception):
    """The checked part does not answer as expected; the text is for people."""


async def check(passed: str, findings: Awaitable[Sequence[Finding]], *, remedy: str | None = None) -> CheckResult:
    """The result with these findings. A CheckError or BrokerError is a finding too, with `remedy`."""
    try:
        return CheckResult(passed, await findings)
    except (CheckError, BrokerError) as error:
        what = str(error) if remedy else f"it is not known whether {passed}: {error}"
        return CheckResult(passed, [Finding(what, remedy)])
