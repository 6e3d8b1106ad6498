"""The `culture-connect` command as people run it: another process, and what it prints."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from culture_connect_cli.accounts import Credentials

TIMEOUT = 120.0  # seconds, on a machine that is busy


def culture_connect(*arguments: str, home: Path, **environment: str) -> subprocess.Popen[str]:
    """Starts the command on the stack of this home; output and errors come together on `stdout`."""
    return subprocess.Popen(
        [sys.executable, "-c", "from culture_connect_cli.main import app; app()", *arguments],
        env={**os.environ, "CULTURE_CONNECT_HOME": str(home), "COLUMNS": "120", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def account_added(home: Path, kind: str, name: str, *options: str) -> Credentials:
    """Returns the output of `account add`, and nothing else."""
    command = culture_connect("account", "add", kind, name, *options, home=home)
    output, _ = command.communicate(timeout=TIMEOUT)
    assert command.returncode == 0, output
    return credentials_in(output)


def credentials_in(printed: str) -> Credentials:
    """Reads the lines as a person would: a label, white space, a value."""
    values = printed_values(printed)
    credentials = Credentials(
        username=values["username"],
        password=values["password"],
        host=values["host"],
        port=int(values["port"]),
        vhost=values["virtual host"],
        exchange=values["publish to exchange"],
        routing_key=values["with routing key"],
        queue=values["consume from queue"],
    )
    assert credentials.url == values["as one address"]
    return credentials


def printed_values(printed: str) -> Mapping[str, str]:
    """Label to value of each line of `account add`."""
    pairs = (line.rpartition(" ") for line in printed.splitlines())
    return {label.strip(): value for label, _, value in pairs}
