"""The proxy of the example, really running: the same file with ports, certificates and logs of a test."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from culture_connect_cli.stack.ports import choose_ports, is_listening
from culture_connect_cli.stack.processes import plain_environment, spawn, terminate, wait_until_ready
from tests.support.certificates import Authority

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "proxy" / "nginx.conf"

_PROGRAM = Path("/usr/sbin/nginx")
_MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/culture-connect.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its address and its log."""

    folder: Path
    http: int
    https: int
    ca_file: Path

    @property
    def logged(self) -> str:
        """All that is in its logs."""
        return "".join(file.read_text() for file in self.folder.glob("*.log"))


@contextmanager
def running_nginx(folder: Path, upstreams: Mapping[str, int]) -> Iterator[Proxy]:
    """Runs nginx with the example until the block ends; `upstreams` are ports by name of service."""
    ensure_installed()
    text = EXAMPLE.read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"server_name (\S+);", text)))
    authority = Authority.make(folder / "authority", hosts=tuple(names))
    ports = choose_ports(["http", "https"])
    proxy = Proxy(folder, ports["http"], ports["https"], authority.ca_file)
    text = text.replace("listen 80", f"listen 127.0.0.1:{proxy.http}").replace(
        "listen 443", f"listen 127.0.0.1:{proxy.https}"
    )
    for name, port in upstreams.items():
        text = re.sub(rf"(upstream {name} +{{ server )127\.0\.0\.1:\d+", rf"\g<1>127.0.0.1:{port}", text)
    text = text.replace("/etc/ssl/culture-connect/fullchain.pem", str(authority.tls.certificate))
    text = text.replace("/etc/ssl/culture-connect/privkey.pem", str(authority.tls.key))
    text = text.replace("/var/log/nginx/", f"{folder}/")
    (folder / "culture-connect.conf").write_text(text)
    (folder / "nginx.conf").write_text(("user root;\n" if os.geteuid() == 0 else "") + _MAIN.format(folder=folder))
    log = folder / "nginx.out"
    command: list[str | Path] = [_PROGRAM, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    process = spawn(command, cwd=folder, env=plain_environment(), log=log)
    try:
        wait_until_ready("nginx", lambda: is_listening(proxy.https), process, timeout=10, log=log)
        yield proxy
    finally:
        if process.poll() is None:
            terminate([psutil.Process(process.pid)], grace=5)
        process.wait()


def ensure_installed() -> None:
    """Installs Debian's package where it is missing and we may; AssertionError naming it when it stays missing."""
    if not _PROGRAM.exists() and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        # The package's own service stays down.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
        for command in (["update"], ["install", "--no-install-recommends", "nginx-light"]):
            subprocess.run([*apt, *command], env=environment, capture_output=True, check=False, timeout=600)
    assert _PROGRAM.exists(), "nginx is not on this machine: install Debian's package nginx-light"
