"""Builds the stand-ins for base images, see `images/README.md`; an image that the engine has is left as it is."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from culture_connect_cli.stack.postgres.binaries import copied_binaries
from tests.containers.engine import docker, succeeds

SOURCES: Final = Path(__file__).parent / "images"
REQUIREMENTS: Final = Path(__file__).parent.parent.parent / "requirements.txt"
SUITES: Final = ("bookworm", "trixie")
TRIXIE: Final = "culture-connect-test/trixie"
PYTHON: Final = "python:3.11.14-slim-bookworm"
RABBITMQ: Final = "rabbitmq:4-management"
MAILPIT: Final = "axllent/mailpit:v1.29.7"
_AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PLUGIN: Final = "usr/libexec/docker/cli-plugins/docker-compose"
_ENTRY: Final = re.compile(r"^(?P<name>[\w.-]+)==(?:.*\\\n)*.*\n", re.MULTILINE)
# In this order, since Mailpit's is built from Python's.
FOLDERS: Final = {
    PYTHON: "python",
    RABBITMQ: "rabbitmq",
    "postgres:17": "postgres-17",
    "postgres:18": "postgres-18",
    MAILPIT: "mailpit",
}


def build() -> None:
    """Builds each that the engine does not have. Raises EngineError when one cannot be built."""
    for suite in SUITES:
        if not succeeds("image", "inspect", _suite_image(suite)):
            _import(suite)
    for image, folder in FOLDERS.items():
        if not succeeds("image", "inspect", image):
            with _context(SOURCES / folder) as context:
                docker("build", "--quiet", f"--tag={image}", str(context))


@contextlib.contextmanager
def compose_plugin() -> Iterator[None]:
    """`docker compose` is version 2 while the block runs: this machine's, or that of Debian's trixie."""
    if succeeds("compose", "version"):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="culture-connect-compose-") as folder:
        fetch = "apt-get update -q && cd /tmp && apt-get download -q docker-compose"
        unpack = f"{fetch} && dpkg-deb -x docker-compose_*.deb /out"
        docker("run", "--rm", f"--volume={folder}:/out", TRIXIE, "sh", "-c", unpack)
        plugins = Path(folder) / "cli-plugins"
        plugins.mkdir()
        shutil.move(Path(folder) / _PLUGIN, plugins / "docker-compose")
        os.environ["DOCKER_CONFIG"] = folder
        try:
            yield
        finally:
            del os.environ["DOCKER_CONFIG"]


def _suite_image(suite: str) -> str:
    return f"culture-connect-test/{suite}"


def _import(suite: str) -> None:
    """Unpacks the suite and gives it to the engine as an image."""
    with tempfile.TemporaryDirectory(prefix=f"culture-connect-{suite}-") as folder:
        tree, archive = Path(folder) / "tree", Path(folder) / "tree.tar"
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", suite, tree],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        shutil.rmtree(tree / "var/cache/apt/archives", ignore_errors=True)
        subprocess.run(["tar", "--create", "--directory", tree, "--file", archive, "."], check=True)
        docker("import", str(archive), _suite_image(suite))


@contextlib.contextmanager
def _context(source: Path) -> Iterator[Path]:
    """The folder of a stand-in with what its Dockerfile copies from elsewhere."""
    with tempfile.TemporaryDirectory(prefix="culture-connect-image-") as folder:
        context = Path(folder) / "context"
        shutil.copytree(source, context)
        wanted = (context / "Dockerfile").read_text(encoding="utf-8")
        if "ca-certificates.crt" in wanted:
            shutil.copy(_AUTHORITIES, context)
        if "requirements.txt" in wanted:
            (context / "requirements.txt").write_text(_locked("aiosmtpd", "atpublic", "attrs"), encoding="utf-8")
        if "docker-entrypoint.sh" in wanted and not (context / "docker-entrypoint.sh").exists():
            shutil.copy(SOURCES / "docker-entrypoint-postgres.sh", context / "docker-entrypoint.sh")
        if "COPY installation" in wanted:
            copied_binaries(context)
        yield context


def _locked(*names: str) -> str:
    """The entries of these packages in the project's requirements, with their hashes."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    entries = {entry["name"]: entry[0] for entry in _ENTRY.finditer(text)}
    return "".join(entries[name] for name in names)
