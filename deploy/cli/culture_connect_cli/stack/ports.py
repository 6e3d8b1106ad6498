"""Free TCP ports on the loopback interface."""

import secrets
import socket
from collections.abc import Collection, Iterable

LOOPBACK = "127.0.0.1"

# Below the range from which systems take the local ports of outgoing connections (32768 and up on
# Linux): a client that keeps dialling a stopped server there would one day be given the server's own port.
_CANDIDATES = range(20_000, 32_000)


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
    """A port that nobody listens on, chosen by lot so that two stacks starting together rarely meet."""
    while True:
        port = secrets.choice(_CANDIDATES)
        if port not in taken and is_free(port):
            return port


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
