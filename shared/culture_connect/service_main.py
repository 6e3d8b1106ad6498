"""The command line `python -m <service>`: `serve` runs it, `migrate` brings its schema to the newest revision."""

import argparse
import contextlib
import gc
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from culture_connect import logs, settings
from culture_connect.http.ports import listeners
from culture_connect.http.server import server_of
from culture_connect.messaging.errors import DatabaseUnavailable
from culture_connect.messaging.migrations import upgrade
from culture_connect.settings import Settings, SettingsError

WRONG_SETTINGS = 2
CANNOT_START = 3  # as uvicorn ends

_log = structlog.get_logger(__name__)


def run(
    name: str,
    settings_type: type[Settings],
    build_app: Callable[[Settings], FastAPI],
    arguments: Sequence[str] | None = None,
) -> None:
    """The main function of the service `name`, which is also its package and its schema.

    `build_app` is its composition root. Ends the process: 0 after a graceful stop, 2 with a line per setting on
    standard error when one is missing or wrong, 3 when the application cannot start, 1 for anything else.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until SIGTERM")
    commands.add_parser("migrate", help="bring the database schema to the newest revision")
    command = parser.parse_args(arguments).command
    try:
        chosen = settings.load(settings_type)
        logs.configure(chosen.log_level, own=[name])
        if command == "migrate":
            _migrate(name, chosen)
        else:
            _serve(build_app(chosen), chosen)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - for whoever starts the process
        sys.exit(WRONG_SETTINGS)


def migrations_of(package: str) -> Path:
    """The folder of the package's migrations: within the package, or beside it as in the repository."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"there is no package {package}")
    home = Path(spec.origin).parent
    for folder in (home / "migrations", home.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise FileNotFoundError(f"there are no migrations for {package}")


def _migrate(name: str, chosen: settings.ServiceSettings) -> None:
    try:
        upgrade(
            migrations_of(name),
            database_url=chosen.database_url,
            schema=name,
            hash_key=chosen.hash_key,
            pooler=chosen.database_pooler,
        )
    except (DBAPIError, DatabaseUnavailable, OSError) as error:
        _log.error("migration_failed", service=name, exc_info=error)
        sys.exit(1)
    _log.info("migrated", service=name)


def _serve(app: FastAPI, chosen: settings.ServiceSettings) -> None:
    # uvicorn takes over the signals, and raises them again after its graceful stop: that is our end, not a crash.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    server = server_of(app, chosen)
    try:
        sockets = listeners(chosen)
    except OSError as error:
        _log.error("no_listener", reason=str(error))
        sys.exit(CANNOT_START)
    _allow_many_connections()
    _collect_garbage_less_often()
    server.run(sockets=sockets)
    sys.exit(0 if server.started else 1)


def _allow_many_connections() -> None:
    """Of this process, as many as the machine lets it have: the usual limit is less than the connections we take."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _collect_garbage_less_often() -> None:
    """Collects seldom: scanning hundreds of deliveries under way again and again took a fifth of the time of intake.

    What was made so far stays for good and is not looked at any more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _leave(_: int, __: FrameType | None) -> None:
    sys.exit(0)
