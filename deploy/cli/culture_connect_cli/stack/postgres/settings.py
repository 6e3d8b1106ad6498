"""Settings of a private PostgreSQL, for every way of running one."""

from typing import Final

INITDB_ARGUMENTS: Final = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
"""The arguments of `initdb` that say how texts are compared: the same on every machine (PostgreSQL 17 and newer)."""

_SETTINGS: Final = {
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    # Statements and their values are personal data: an error is logged without them.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

# Without fsync a committed transaction survives `kill -9` of PostgreSQL, since the kernel has its write-ahead log, but
# not a power cut. Without synchronous_commit it would not survive the kill either.
_FAST: Final = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "20s"}


def server_settings(*, durable: bool) -> dict[str, str]:
    """The settings by name, as in `postgresql.conf`; a server that is not durable does not wait for the disk."""
    return _SETTINGS if durable else _SETTINGS | _FAST
