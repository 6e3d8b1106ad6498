"""The Secrets that `deploy/kubernetes/secrets` writes to a cluster."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from culture_connect_cli.secrets import installation
from tests.deploy.kubernetes.rendering import FOLDER

# Takes the place of kubectl: `create` makes a Secret of its arguments, `apply` keeps it as a folder of files.
_KUBECTL = """
    import argparse, pathlib, shutil, sys
    kept = pathlib.Path(sys.argv[1])
    if sys.argv[2] == "apply":
        assert {"--server-side", "--namespace=there", "--filename=-"} <= set(sys.argv), sys.argv
        name = sys.stdin.read().strip()
        shutil.move(kept / ".created" / name, kept / name)
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs=4)
    for option in ("--type", "--cert", "--key", "--dry-run", "--output"):
        parser.add_argument(option)
    for option in ("--from-file", "--from-literal"):
        parser.add_argument(option, action="append", default=[])
    given = parser.parse_args(sys.argv[2:])
    assert given.words[:2] == ["create", "secret"] and given.dry_run == "client", given
    files = {}
    for entry in given.from_file:
        key, _, path = entry.rpartition("=")
        path = pathlib.Path(path)
        for file in path.iterdir() if path.is_dir() else [path]:
            files[key or file.name] = file.read_bytes()
    files |= {key: value.encode() for key, value in (entry.split("=") for entry in given.from_literal)}
    if given.words[2] == "tls":
        files |= {"tls.crt": pathlib.Path(given.cert).read_bytes(), "tls.key": pathlib.Path(given.key).read_bytes()}
    folder = kept / ".created" / given.words[3]
    folder.mkdir(parents=True)
    for key, value in files.items():
        (folder / key).write_bytes(value)
    print(given.words[3])
"""

ADDRESSES = installation.Addresses("database-rw:5432", "broker:5671", ("bus.example",), broker_tls=True)
"""Those that docs/kubernetes.md gives to `secrets init`."""


@pytest.fixture(scope="session")
def cluster_secrets(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, bytes]]:
    """The content of every Secret by its name and key."""
    folder, kept, program = (tmp_path_factory.mktemp(name) for name in ("made", "kept", "bin"))
    installation.provision(folder, ADDRESSES)
    (program / "kubectl.py").write_text(dedent(_KUBECTL), encoding="utf-8")
    kubectl = program / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}/kubectl.py" "{kept}" "$@"\n', encoding="utf-8")
    kubectl.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}"}
    command = [str(FOLDER / "secrets"), str(folder), "there"]
    subprocess.run(command, env=environment, check=True, timeout=50)
    return {
        path.name: {file.name: file.read_bytes() for file in path.iterdir()}
        for path in sorted(Path(kept).iterdir())
        if not path.name.startswith(".")
    }
