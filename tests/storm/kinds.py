"""The kinds of breaks there are: of what, for how long at most, and whether somebody has to say what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

BROKER: Final = "broker"
DATABASE: Final = "database"
MAIL: Final = "mail"
RECEIPTS: Final = "receipts"

Of = Literal["replica", "broker-wire", "database-wire", "server", "partner", "service", "node", "queue"]


@dataclass(frozen=True)
class BreakKind:
    """A kind of break.

    `of` is what its target is. A break that lasts has to be `named` by readiness, a metric or the doctor. `longest` and
    `recovery` are seconds: how long it may last, and how long after it its target is left alone. `weight` is how often
    it comes in proportion to the others. `resource` is what it takes for itself, if that is not its target.
    """

    name: str
    of: Of
    named: bool = True
    longest: float = 40.0
    recovery: float = 2.0
    weight: float = 1.0
    resource: str | None = None

    def touches(self, target: str) -> Sequence[str]:
        """Returns the resources that no other break may have meanwhile."""
        return [self.resource or target]


_ALL: Final = (
    BreakKind("kill-replica", "replica", recovery=5.0, weight=3.0),
    BreakKind("pause-replica", "replica", weight=3.0),
    BreakKind("silent-broker-wire", "broker-wire", weight=3.0),
    BreakKind("silent-database-wire", "database-wire", weight=3.0),
    BreakKind("cut-broker-wire", "broker-wire", weight=2.0),
    BreakKind("cut-database-wire", "database-wire", weight=2.0),
    BreakKind("half-broker-wire", "broker-wire", named=False, weight=2.0),
    BreakKind("half-database-wire", "database-wire", named=False, weight=2.0),
    BreakKind("slow-broker-wire", "broker-wire", named=False),
    BreakKind("slow-database-wire", "database-wire", named=False),
    BreakKind("pause-broker", "server", resource=BROKER, recovery=5.0),
    BreakKind("restart-broker", "server", named=False, resource=BROKER, longest=5.0, recovery=25.0, weight=0.5),
    BreakKind("kill-broker", "server", resource=BROKER, recovery=20.0, weight=0.5),
    BreakKind("pause-database", "server", resource=DATABASE, recovery=5.0),
    BreakKind("kill-database", "server", resource=DATABASE, recovery=5.0, weight=0.5),
    BreakKind("read-only-database", "server", resource=DATABASE, recovery=5.0),
    BreakKind("end-database-sessions", "service", named=False, resource=DATABASE, longest=1.0),
    BreakKind("full-receipts", "partner", resource=RECEIPTS),
    BreakKind("silent-mail", "server", resource=MAIL),
    BreakKind("refused-mail", "server", resource=MAIL),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
"""The kinds where there is one broker and one database."""

_OF_A_CLUSTER: Final = (
    BreakKind("kill-queue-leader", "queue", named=False, resource=BROKER, longest=15.0, recovery=25.0, weight=2.0),
    BreakKind("stop-node", "node", named=False, resource=BROKER, longest=15.0, recovery=25.0, weight=2.0),
    BreakKind("pause-node", "node", named=False, resource=BROKER, longest=25.0, recovery=20.0),
    BreakKind("cut-off-node", "node", named=False, resource=BROKER, longest=30.0, recovery=25.0, weight=2.0),
    BreakKind("rolling-restart", "server", named=False, resource=BROKER, longest=1.0, recovery=20.0),
    BreakKind("fail-over-database", "server", named=False, resource=DATABASE, longest=10.0, recovery=15.0, weight=2.0),
    BreakKind("stop-standby", "server", named=False, resource=DATABASE, longest=15.0, recovery=10.0),
)
_ELSEWHERE_TOO: Final = ("replica", "broker-wire", "database-wire", "partner", "service")
CLUSTER_KINDS: Final = {kind.name: kind for kind in _OF_A_CLUSTER} | {
    kind.name: kind for kind in _ALL if kind.of in _ELSEWHERE_TOO or kind.resource == MAIL
}
"""The kinds where broker and database are clusters: those of a single server are others there."""

EVERY_KIND: Final = KINDS | CLUSTER_KINDS
