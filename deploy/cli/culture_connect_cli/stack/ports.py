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
"""The range that ports are chosen from, such as 20000-31999: stacks with different ranges never collide."""

# Below the range from which systems take the local ports of outgoing connections (32768 and up on
# Linux): a client that keeps dialling a stopped server there would one day be given the server's own port.
_DEFAULT: Final = "20000-31999"
_MIN_PORTS: Final = 100


def is_free(port: int) -> bool:
    """True when a server can listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A random free port, so that two stacks that start together rarely collide.

    Raises StackError when the range in the environment is invalid or has no free port.
    """
    candidates = _candidates(os.environ.get(VARIABLE, _DEFAULT))
    for _ in range(len(candidates)):
        port = secrets.choice(candidates)
        if port not in taken and is_free(port):
            return port
    raise StackError(f"no port of {candidates[0]}-{candidates[-1]} is free: name another range in {VARIABLE}")


def _candidates(text: str) -> range:
    found = re.fullmatch(r"(\d{4,5})-(\d{4,5})", text)
    first, last = map(int, found.groups()) if found else (0, 0)
    if not (first >= 1024 and first + _MIN_PORTS - 1 <= last <= 65_535):
        raise StackError(f"{VARIABLE}: expected first-last, at least {_MIN_PORTS} ports from 1024 to 65535")
    return range(first, last + 1)


def choose_ports(names: Iterable[str], remembered: dict[str, int] | None = None) -> dict[str, int]:
    """A different port for each name: the remembered one if it is free, else a new one."""
    chosen: dict[str, int] = {}
    for name in names:
        port = (remembered or {}).get(name, 0)
        usable = port > 0 and port not in chosen.values() and is_free(port)
        chosen[name] = port if usable else free_port(chosen.values())
    return chosen


def is_listening(port: int) -> bool:
    """True when something accepts connections on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
