#!/usr/bin/python3
"""Stand-in for Mailpit: takes every mail, and gives those parts of its HTTP API that the tests read."""

import asyncio
import email
import email.policy
import json
import os
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = int(os.environ.get("MP_MAX_MESSAGES", "500"))
MAILS: list[dict[str, Any]] = []


class Store:
    """The handler of the SMTP server: keeps each mail, the newest last."""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the mail of the dialogue; aiosmtpd asks for this name."""
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        MAILS.append(described(mail, envelope.rcpt_tos))
        del MAILS[:-KEPT]
        return "250 2.0.0 Ok"


def described(mail: EmailMessage, recipients: list[str]) -> dict[str, Any]:
    """The mail as Mailpit's API gives it."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "ID": str(len(MAILS)) + "-" + str(time.monotonic_ns()),
        "MessageID": str(mail["message-id"]).strip("<>"),
        "Subject": str(mail["subject"]),
        "To": [{"Name": "", "Address": address} for address in recipients],
        "Created": datetime.now(UTC).isoformat(),
        "Text": text.get_content() if text else "",
        "HTML": html.get_content() if html else "",
    }


class Api(BaseHTTPRequestHandler):
    """`/readyz`, `/api/v1/messages?start=&limit=` (newest first), `/api/v1/message/ID`."""

    def do_GET(self) -> None:
        """Answers; the base class asks for this name."""
        path, _, query = self.path.partition("?")
        if path in ("/readyz", "/livez"):
            self._answer("ok")
        elif path == "/api/v1/messages":
            given = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
            start, limit = int(given.get("start", "0")), int(given.get("limit", "50"))
            page = [_summary(mail) for mail in [*reversed(MAILS)][start : start + limit]]
            self._answer({"total": len(MAILS), "messages": page})
        elif found := [mail for mail in MAILS if path == f"/api/v1/message/{mail['ID']}"]:
            self._answer(found[0])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Writes nothing: paths are of no interest."""

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _summary(mail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mail.items() if name not in ("Text", "HTML")}


def main() -> None:
    """Serves until it is ended; with `readyz` says by its status whether it serves."""
    if sys.argv[1:] == ["readyz"]:
        urllib.request.urlopen("http://127.0.0.1:8025/readyz", timeout=4)
        return
    threading.Thread(target=ThreadingHTTPServer(("", 8025), Api).serve_forever, daemon=True).start()
    asyncio.run(_take_mail())


async def _take_mail() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Store(), hostname="mailpit", loop=loop), "", 1025)
    await server.serve_forever()


if __name__ == "__main__":
    main()
