"""`python -m culture_connect_cli.mailbox --folder FOLDER --smtp-port PORT --http-port PORT`."""

import argparse
import asyncio
from functools import partial
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from culture_connect_cli.mailbox.pages import create_app
from culture_connect_cli.mailbox.store import Store

_LOOPBACK = "127.0.0.1"
_LARGEST = 25 * 1024 * 1024  # bytes


class MailHandler:
    """The aiosmtpd handler of incoming mail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        mail = self._store.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        return f"250 kept as {mail.id}"


async def run(folder: Path, smtp_port: int, http_port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    store = Store(folder)
    loop = asyncio.get_running_loop()
    receive = partial(
        SMTP,
        MailHandler(store),
        hostname="mailbox.localhost",
        ident="Culture Connect mailbox",
        data_size_limit=_LARGEST,
        enable_SMTPUTF8=True,
        loop=loop,
    )
    smtp = await loop.create_server(receive, _LOOPBACK, smtp_port)
    app = create_app(store)
    # No access log, since the query holds addresses of people.
    pages = uvicorn.Server(
        uvicorn.Config(app, host=_LOOPBACK, port=http_port, access_log=False, server_header=False, log_level="warning")
    )
    async with smtp:
        await pages.serve()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m culture_connect_cli.mailbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(run(given.folder, given.smtp_port, given.http_port))


if __name__ == "__main__":
    main()
