"""Free TCP ports on the loopback interface."""

import os
import re
import secrets
import socket
from collections.abc import Collection, Iterable
from typing import Final

from culture_connect_cli.stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"
VARIABLE: Final = "CULTURE_CONNECT_STACK_PORTS"
"""Names the range that ports are chosen from, such as 20000-31999: stacks with ranges of their own never meet."""

# Below the range from which systems take the local ports of outgoing connections (32768 and up on
# Linux): a client that keeps dialling a stopped server there would one day be given the server's own port.
_USUAL: Final = "20000-31999"
_FEWEST: Final = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A port that nobody listens on, chosen by lot so that two stacks starting together rarely meet.

    Raises StackError when the range in the environment cannot be one, or has no free port.
    """
    candidates = _candidates(os.environ.get(VARIABLE, _USUAL))
    for _ in range(len(candidates)):
        port = secrets.choice(candidates)
        if port not in taken and is_free(port):
            return port
    raise StackError(f"no port of {candidates[0]}-{candidates[-1]} is free: name another range in {VARIABLE}")


def _candidates(told: str) -> range:
    found = re.fullmatch(r"(\d{4,5})-(\d{4,5})", told)
    first, last = map(int, found.groups()) if found else (0, 0)
    if not (first >= 1024 and first + _FEWEST - 1 <= last <= 65_535):
        raise StackError(f"{VARIABLE}: expected first-last, at least {_FEWEST} ports from 1024 to 65535")
    return range(first, last + 1)


def keep_or_choose(names: Iterable[str], remembered: dict[str, int] | None = None) -> dict[str, int]:
    """A different port for each name: the remembered one while it is free, else a new one."""
    chosen: dict[str, int] = {}
    for name in names:
        port = (remembered or {}).get(name, 0)
        usable = port > 0 and port not in chosen.values() and is_free(port)
        chosen[name] = port if usable else free_port(chosen.values())
    return chosen


def answers(port: int) -> bool:
    """Whether something accepts connections on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
