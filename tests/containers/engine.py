"""The Docker engine of the container tests: the one that answers or, as root on Debian, one of their own."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGES: Final = ("docker.io", "iproute2", "iptables", "debootstrap")
_PROGRAMS: Final = ("dockerd", "docker", "ip", "iptables", "debootstrap")
_PATH: Final = "/usr/sbin:/sbin"  # where Debian keeps dockerd and debootstrap
_START: Final = 60.0  # seconds
_STOP: Final = 60.0


class EngineError(Exception):
    """A command of the engine failed."""


class NoEngineError(EngineError):
    """There is no engine, and none can be started here."""


@contextlib.contextmanager
def running_engine() -> Iterator[None]:
    """An engine answers to `docker` while the block runs: DOCKER_HOST names it. Raises NoEngineError."""
    os.environ["PATH"] = f"{os.environ['PATH']}:{_PATH}"
    if _answers():
        yield
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoEngineError("no Docker engine answers; one is started here only for root on Debian")
    _install()
    with tempfile.TemporaryDirectory(prefix="culture-connect-engine-") as folder, _own_engine(Path(folder)):
        yield


def docker(*arguments: str, timeout: float = 600) -> str:
    """Returns the output of `docker`. Raises EngineError with its errors."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=timeout)
    if result.returncode != 0:
        raise EngineError(f"docker {arguments[0]}: {(result.stderr or result.stdout).strip()[-2_000:]}")
    return result.stdout.strip()


def succeeds(*arguments: str) -> bool:
    """True when `docker` ends with status 0."""
    return subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=120).returncode == 0


def _answers() -> bool:
    return shutil.which("docker") is not None and succeeds("info")


def _install() -> None:
    """Installs what is missing; the package's own engine stays down, as `policy-rc.d` says."""
    if all(shutil.which(program) for program in _PROGRAMS):
        return
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        _apt_get("update")
        _apt_get("install", "-y", "--no-install-recommends", *PACKAGES)
        if shutil.which("docker") is None:  # Debian 13 has the client in a package of its own
            _apt_get("install", "-y", "--no-install-recommends", "docker-cli")
    finally:
        if ours:
            policy.unlink()


def _apt_get(command: str, *arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-q", command, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _own_engine(folder: Path) -> Iterator[None]:
    """An engine with its data, its socket and its log in the folder."""
    socket, log = folder / "docker.sock", folder / "log"
    command = [
        "dockerd",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}",
        f"--host=unix://{socket}",
        "--storage-driver=overlay2",
    ]
    with log.open("wb") as output:
        engine = subprocess.Popen(command, stdout=output, stderr=output)
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    try:
        _wait_for_answer(engine, log)
        yield
    finally:
        engine.terminate()
        try:
            engine.wait(_STOP)
        except subprocess.TimeoutExpired:
            engine.kill()
            engine.wait()
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before


def _wait_for_answer(engine: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START
    while not _answers():
        if engine.poll() is not None or time.monotonic() > deadline:
            raise NoEngineError(f"the engine does not start:\n{log.read_text()[-2_000:]}")
        time.sleep(0.2)
