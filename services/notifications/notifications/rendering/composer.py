"""Letters as mails (MIME): headers, parts, signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime, parseaddr
from uuid import UUID

from culture_connect.contracts import Venue
from notifications.contents import Contents, Letter
from notifications.domain.catalogue import OPTIONAL
from notifications.rendering import calendar, mime, pdf
from notifications.rendering.calendar import Entry
from notifications.rendering.dkim_signer import Signer
from notifications.rendering.pdf import Tickets
from notifications.rendering.renderer import Rendered, Renderer
from notifications.rendering.sanitize import ascii_address
from notifications.rendering.template_context import unsubscribe_link


@dataclass(frozen=True, slots=True)
class Mail:
    """The input of an SMTP dialogue: addresses of the envelope, the message with its line ends, and the id that a
    report about it is asked to bring back (RFC 3461, 4.4), which is that of the Message-ID.
    """

    sender: str
    recipient: str
    message: bytes
    envelope_id: str = ""


class Composer:
    """Makes mails from `sender` ("Name <address>"); their ids and those of calendar entries end in `domain`.

    `reply_to` has addresses of venues: an answer to a letter about an evening goes there. `public_url` is where
    links to this service begin. With a `signer` every mail is signed.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        sender: str,
        domain: str,
        public_url: str,
        reply_to: Mapping[Venue, str],
        signer: Signer | None,
    ) -> None:
        name, address = parseaddr(sender)
        self._renderer = renderer
        self._sender = (name, ascii_address(address))
        self._domain = domain
        self._public_url = public_url
        self._reply_to = {venue: ascii_address(address) for venue, address in reply_to.items()}
        self._signer = signer

    def message_id(self, letter_id: UUID) -> str:
        """Returns the Message-ID of the mail that this letter leads, however often it is sent."""
        return f"<{letter_id}@{self._domain}>"

    def render(self, letter: Letter) -> Rendered:
        """Returns the letter as people read it."""
        return self._renderer.render(letter)

    def calendars(self, letter: Letter) -> list[Entry]:
        """Returns the calendar entries that come with the mail, one per evening."""
        return calendar.entries(letter, organizer=self._sender, domain=self._domain)

    def mail(self, letter: Letter) -> Mail:
        """Returns the letter as a mail, the same bytes each time.

        Raises UnusableAddressError when there is no way to address it, jinja2.UndefinedError when a template asks for
        what nobody provides.
        """
        address = ascii_address(letter.contents.recipient.email)
        rendered = self.render(letter)
        body = _body(rendered, self.calendars(letter), pdf.tickets(letter), boundary=f"=_{letter.letter_id.hex}")
        headers = [*self._headers(letter, address, rendered.subject), *body.headers]
        message = mime.Part(headers, body.body).to_bytes()
        if self._signer is not None:
            message = self._signer.sign(message, letter.written_at)
        return Mail(self._sender[1], address, message, self.message_id(letter.letter_id).strip("<>"))

    def _headers(self, letter: Letter, address: str, subject: str) -> list[tuple[str, str]]:
        contents = letter.contents
        recipient = contents.recipient
        headers = [
            ("From", mime.mailbox(*self._sender)),
            ("To", mime.mailbox(recipient.name, address)),
            ("Subject", mime.header_text(subject)),
            ("Date", format_datetime(letter.written_at)),
            ("Message-ID", self.message_id(letter.letter_id)),
        ]
        venue = self._venue_address(contents)
        if venue is not None:
            headers.append(("Reply-To", venue))
        if contents.unsubscribe is not None and all(piece.kind in OPTIONAL for piece in contents.pieces):
            # One click, without a page in between (RFC 8058).
            link = unsubscribe_link(self._public_url, contents.unsubscribe)
            headers += [("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
        return [
            *headers,
            # Out-of-office replies of most (RFC 3834, 5) and of Exchange.
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("Content-Language", str(recipient.language)),
            ("MIME-Version", "1.0"),
        ]

    def _venue_address(self, contents: Contents) -> str | None:
        """Returns the address of the only venue in the mail, None when there are several or it has none."""
        venues = {piece.evening.venue for piece in contents.pieces if piece.evening is not None}
        return self._reply_to.get(venues.pop()) if len(venues) == 1 else None


def _body(rendered: Rendered, entries: Sequence[Entry], tickets: Tickets | None, boundary: str) -> mime.Part:
    """Returns mixed(alternative(text, related(html, pictures), calendar), files), without what the letter has not.

    A single calendar entry comes twice: as an alternative it makes an invitation in Outlook and Gmail, as a file it
    can be opened everywhere else. Several come as files only: a calendar object has one UID (RFC 5546, 3.2), and of
    several alternatives a mail program shows one.
    """
    page = mime.text_part("html", rendered.html)
    if rendered.pictures:
        pictures = [
            mime.binary_part(
                "image/png", picture.png, ("Content-ID", f"<{picture.cid}>"), ("Content-Disposition", "inline")
            )
            for picture in rendered.pictures
        ]
        page = mime.multipart("related", f"{boundary}_r", [page, *pictures])
    alternatives = [mime.text_part("plain", rendered.text), page]
    if len(entries) == 1:
        [only] = entries
        alternatives.append(mime.binary_part(f"text/calendar; charset=utf-8; method={only.method}", only.data))
    letter = mime.multipart("alternative", f"{boundary}_a", alternatives)
    files = [mime.file_part("application/ics", entry.name, entry.data) for entry in entries]
    if tickets is not None:
        files.insert(0, mime.file_part("application/pdf", tickets.name, tickets.data))
    return mime.multipart("mixed", f"{boundary}_m", [letter, *files]) if files else letter
