"""Letters from their templates: `templates/<kind>/<language>/{subject.txt,body.txt,body.html}`.

A folder may have a `words.txt` as well, a text that both bodies show as `words`.
"""

import base64
from dataclasses import dataclass
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from culture_connect import dates
from culture_connect.contracts import Venue
from notifications.domain.letters import Kind
from notifications.rendering import mime, qr, safe
from notifications.rendering.calendar import Appointment, Method, entry, uid_of
from notifications.rendering.contents import Letter
from notifications.rendering.words import PROGRAMME_KINDS

_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as people read it. The HTML shows `picture` (PNG) by the content id `cid`."""

    subject: str
    text: str
    html: str
    cid: str
    picture: bytes | None
    calendar: bytes | None
    method: Method

    @property
    def page(self) -> str:
        """The HTML with its picture in it, to be shown outside a mail."""
        if self.picture is None:
            return self.html
        return self.html.replace(f"cid:{self.cid}", f"data:image/png;base64,{base64.b64encode(self.picture).decode()}")


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes into the SMTP dialogue: addresses of the envelope, and the message with its line ends."""

    sender: str
    recipient: str
    message: bytes


class Renderer:
    """Writes letters from `sender` ("Name <address>"); ids of mails and calendar entries end in `domain`."""

    def __init__(self, *, sender: str, domain: str) -> None:
        name, address = parseaddr(sender)
        self._sender = (name, safe.ascii_address(address))
        self._domain = domain
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._names = frozenset(self._templates.list_templates())

    def message_id(self, letter: Letter) -> str:
        """The Message-ID of the letter, however often it is sent."""
        return f"<{letter.letter_id}@{self._domain}>"

    def render(self, letter: Letter) -> Rendered:
        """The letter in its recipient's language. Raises jinja2.UndefinedError when a template asks for more."""
        recipient, ticket = letter.contents.recipient, letter.contents.ticket
        cid = f"ticket-code@{letter.letter_id}"
        folder = f"{letter.kind}/{recipient.language}"
        facts = _facts(letter) | {"cid": cid}
        # Rendered as plain text first: text included into HTML as a template would go in unescaped.
        if f"{folder}/words.txt" in self._names:
            facts["words"] = self._fill(f"{folder}/words.txt", facts).strip()
        method: Method = "CANCEL" if letter.kind is Kind.TICKET_CANCELLED else "REQUEST"
        return Rendered(
            subject=safe.one_line(self._fill(f"{folder}/subject.txt", facts)),
            text=self._fill(f"{folder}/body.txt", facts),
            html=self._fill(f"{folder}/body.html", facts),
            cid=cid,
            picture=qr.picture(ticket.code) if letter.kind is Kind.TICKET_ISSUED and ticket.code else None,
            calendar=entry(self._appointment(letter, facts), method) if _has_entry(letter) else None,
            method=method,
        )

    def mail(self, letter: Letter) -> Mail:
        """The letter as a mail. Raises UnusableAddressError when there is no way to address it."""
        recipient = letter.contents.recipient
        address = safe.ascii_address(recipient.email)
        rendered = self.render(letter)
        headers = [
            ("From", safe.mailbox(*self._sender)),
            ("To", safe.mailbox(recipient.name, address)),
            ("Subject", safe.header_text(rendered.subject)),
            ("Date", format_datetime(letter.written_at)),
            ("Message-ID", self.message_id(letter)),
            ("Auto-Submitted", "auto-generated"),
            ("Content-Language", str(recipient.language)),
            ("MIME-Version", "1.0"),
        ]
        body = _body(rendered, boundary=f"=_{letter.letter_id.hex}")
        message = mime.Part([*headers, *body.headers], body.body).to_bytes()
        return Mail(self._sender[1], address, message)

    def _fill(self, template: str, facts: dict[str, Any]) -> str:
        return self._templates.get_template(template).render(facts).strip() + "\n"

    def _appointment(self, letter: Letter, facts: dict[str, Any]) -> Appointment:
        evening, recipient = letter.contents.evening, letter.contents.recipient
        programme = [f"{part['starts']} {part['label']}: {part['title']}" for part in facts["programme"]]
        return Appointment(
            uid=uid_of(letter.participant_id, letter.evening_id, self._domain),
            sequence=letter.sequence,
            written_at=letter.written_at,
            starts_at=evening.starts_at,
            ends_at=evening.ends_at,
            summary=f"Culture Connect: {facts['title']}",
            location=f"{facts['venue']}, {facts['location']}",
            description=programme,
            organizer=self._sender,
            attendee=(recipient.name, safe.ascii_address(recipient.email)),
            url=facts["link"],
        )


def _has_entry(letter: Letter) -> bool:
    """Tickets go into the calendar; a cancellation takes out only what an earlier letter put there."""
    if letter.kind is Kind.TICKET_CANCELLED:
        return letter.sequence > 0
    return letter.kind is Kind.TICKET_ISSUED


def _facts(letter: Letter) -> dict[str, Any]:
    """What templates may use: harmless lines of text in the recipient's language, and the place in the line."""
    contents = letter.contents
    evening, ticket, language = contents.evening, contents.ticket, contents.recipient.language
    programme = [
        {
            "starts": dates.clock(part.starts_at, language),
            "ends": dates.clock(part.ends_at, language),
            "label": PROGRAMME_KINDS[language][part.kind],
            "title": safe.one_line(part.title.in_(language)),
        }
        for part in evening.programme
    ]
    return {
        "given_name": safe.one_line(contents.recipient.given_name),
        "title": safe.one_line(evening.title.in_(language)),
        "theme": safe.one_line(evening.theme.in_(language)),
        "day": dates.day(evening.starts_at, language),
        "short_day": dates.short_day(evening.starts_at, language),
        "starts": dates.clock(evening.starts_at, language),
        "ends": dates.clock(evening.ends_at, language),
        "venue": evening.venue.label,
        "location": safe.one_line(evening.location),
        "programme": programme,
        "code": safe.one_line(ticket.code) if ticket.code else None,
        "link": safe.one_line(ticket.link) if ticket.link else None,
        "position": ticket.position,
        "reason": ticket.reason,
        "explanation": safe.one_line(evening.reason.in_(language)) if evening.reason else None,
        "holder": safe.one_line(contents.holder_name) if contents.holder_name else None,
        "language": str(language),
        "institutions": [venue.label for venue in Venue],
    }


def _body(rendered: Rendered, boundary: str) -> mime.Part:
    """mixed(alternative(text, related(html, picture), calendar), attachment), without what the letter has not.

    The calendar comes twice: as an alternative it makes an invitation in Outlook and Gmail, as a file it can be
    opened everywhere else.
    """
    page = mime.text_part("html", rendered.html)
    if rendered.picture is not None:
        picture = mime.binary_part(
            "image/png", rendered.picture, ("Content-ID", f"<{rendered.cid}>"), ("Content-Disposition", "inline")
        )
        page = mime.multipart("related", f"{boundary}_r", [page, picture])
    alternatives = [mime.text_part("plain", rendered.text), page]
    if rendered.calendar is None:
        return mime.multipart("alternative", f"{boundary}_a", alternatives)
    content_type = f"text/calendar; charset=utf-8; method={rendered.method}"
    alternatives.append(mime.binary_part(content_type, rendered.calendar))
    attachment = mime.binary_part(
        'application/ics; name="culture-connect.ics"',
        rendered.calendar,
        ("Content-Disposition", 'attachment; filename="culture-connect.ics"'),
    )
    letter = mime.multipart("alternative", f"{boundary}_a", alternatives)
    return mime.multipart("mixed", f"{boundary}_m", [letter, attachment])
