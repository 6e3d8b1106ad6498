"""Letters as API and pages show them."""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from uuid import UUID

from pydantic import BaseModel

from notifications.contents import Letter
from notifications.domain.catalogue import Kind, State
from notifications.rendering.composer import Composer
from notifications.rendering.sanitize import UnusableAddressError
from notifications.tables import LetterRow


class LetterView(BaseModel):
    """A letter without its addressee: for a participant or for a partner.

    `reason` says why it was not sent, or not yet. `wanted_at` is when it should go, `due_at` when it may be tried next,
    `ended_at` when it was sent, refused or not to be sent. `mail_id` is the same for letters that went as one mail,
    and `repeats` the letter that an operator asked to send again.
    """

    letter_id: UUID
    participant_id: UUID | None
    partner: str | None
    evening_id: UUID | None
    ticket_id: UUID | None
    mail_id: UUID | None
    repeats: UUID | None
    kind: Kind
    state: State
    reason: str | None
    attempts: int
    planned_at: datetime
    wanted_at: datetime | None
    due_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: LetterRow) -> "LetterView":
        """Returns the view of this row."""
        return cls.model_validate(row, from_attributes=True)


class HeaderView(BaseModel):
    """A header of a mail as it goes out, on one line."""

    name: str
    value: str


class CalendarView(BaseModel):
    """A calendar object (RFC 5545) that comes with a mail, and the name of its file."""

    name: str
    text: str


class AttachmentView(BaseModel):
    """A file that comes with a mail; `size` in bytes."""

    name: str
    size: int


class RenderedView(BaseModel):
    """The mail as people read it, with pictures in `html`.

    `calendars`, `headers` and `attachments` are empty for an address that no mail can be sent to.
    """

    to: str
    language: str
    message_id: str
    subject: str
    text: str
    html: str
    calendars: list[CalendarView] = []
    headers: list[HeaderView] = []
    attachments: list[AttachmentView] = []

    @classmethod
    def of(cls, letter: Letter, composer: Composer) -> "RenderedView":
        """Returns the view of this mail, as `composer` renders it."""
        rendered = composer.render(letter)
        recipient = letter.contents.recipient
        view = cls(
            to=recipient.email,
            language=str(recipient.language),
            message_id=composer.message_id(letter.letter_id),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.page,
        )
        try:
            mail = message_from_bytes(composer.mail(letter).message)
            view.calendars = [
                CalendarView(name=entry.name, text=entry.data.decode()) for entry in composer.calendars(letter)
            ]
        except UnusableAddressError:
            return view
        view.headers = [HeaderView(name=name, value=" ".join(value.split())) for name, value in mail.items()]
        view.attachments = list(_attachments(mail))
        return view


class WholeLetterView(LetterView):
    """A letter and the mail that it went with.

    What was sent is shown as it was sent, what was not as it would be sent now. `rendered` is null when that cannot be
    told: its addressee or evening are not known yet, its contents are not kept any more, or it is not to be sent.
    """

    rendered: RenderedView | None


def _attachments(mail: Message) -> Iterator[AttachmentView]:
    for part in mail.walk():
        content = part.get_payload(decode=True)
        if part.get_content_disposition() == "attachment" and isinstance(content, bytes):
            yield AttachmentView(name=str(part.get_filename()), size=len(content))
