"""Several addresses of one server in one URL, and the order in which they are tried.

`scheme://user:password@host1:port1,host2:port2/name?query`, as PostgreSQL's client library reads it (libpq, "Specifying
Multiple Hosts"). The nodes of a broker are all alike, so connections are spread over them. Of the servers of a database
one takes writes, so the one that did last is tried first.
"""

import functools
import random
import re
import time
from typing import Final, Self

ADDRESS_TIMEOUT: Final = 3.0  # seconds for an address while another is left to try
_AVOIDED: Final = 30.0  # seconds for which an address that failed is tried after the others

_URL: Final = re.compile(r"(?P<login>[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)(?P<hosts>[^/?#@]+)(?P<rest>[/?#].*)?")
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_RANDOM: Final = random.Random()  # noqa: S311 - not for secrets


def split_addresses(url: str) -> list[str]:
    """One URL for each address in `url`, in their order. Raises ValueError, without the URL, when it cannot be read."""
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError("expected scheme://user:password@host:port/name, or several host:port with commas")
    for host in parts["hosts"].split(","):
        match = _HOST.fullmatch(host)
        if match is None or (match["port"] is not None and not 0 < int(match["port"]) < 65_536):
            raise ValueError("expected host:port, or several with commas between them")
    return [f"{parts['login']}{host}{parts['rest'] or ''}" for host in parts["hosts"].split(",")]


class Addresses:
    """The addresses of one server; `urls` has a URL for each. Raises ValueError for a URL that cannot be read."""

    def __init__(self, url: str, *, first: int = 0, spread: bool = False) -> None:
        self.urls = split_addresses(url)
        self._first = first
        self._spread = spread
        self._failed_at: dict[str, float] = {}

    @classmethod
    @functools.cache
    def of_broker(cls, url: str) -> Self:
        """The addresses that all connections of this process to this URL share: each begins at the next one, and the
        first at any.
        """
        return cls(url, first=_RANDOM.randrange(1_000), spread=True)

    @property
    def are_several(self) -> bool:
        """True when there is another address to go to."""
        return len(self.urls) > 1

    def in_order(self) -> list[str]:
        """The URLs in the order in which they are to be tried now: those that failed lately are the last."""
        first, count = self._first % len(self.urls), len(self.urls)
        if self._spread:
            self._first += 1
        since = time.monotonic() - _AVOIDED
        order = [self.urls[(first + place) % count] for place in range(count)]
        return sorted(order, key=lambda url: max(0.0, self._failed_at.get(url, since) - since))

    def worked(self, url: str) -> None:
        """Records that this address is what was looked for."""
        self._failed_at.pop(url, None)
        if not self._spread:
            self._first = self.urls.index(url)

    def failed(self, url: str) -> None:
        """Records that this address refused, did not answer or fell silent."""
        self._failed_at[url] = time.monotonic()
