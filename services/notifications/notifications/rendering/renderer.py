"""Letters from their templates: `templates/<kind>/<language>/{subject.txt,body.txt,body.html}`.

What several letters share is in `templates/parts*`.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifications.contents import Letter
from notifications.domain.catalogue import TICKETS, template_of
from notifications.rendering import qr
from notifications.rendering.sanitize import one_line
from notifications.rendering.template_context import content_id, template_context

_TEMPLATES = Path(__file__).parent.parent / "templates"
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture (PNG) that the HTML of a letter shows by its content id."""

    cid: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as people read it."""

    subject: str
    text: str
    html: str
    pictures: Sequence[Picture]

    @property
    def page(self) -> str:
        """Returns the HTML with its pictures in it, to be shown outside a mail."""
        page = self.html
        for picture in self.pictures:
            data = base64.b64encode(picture.png).decode()
            page = page.replace(f'"cid:{picture.cid}"', f'"data:image/png;base64,{data}"')
        return page


class Renderer:
    """Writes letters; links to the pages of this service begin with `public_url`."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # Mail programs know styles on elements best, and nothing is fetched from anywhere.
        self._inliner = CSSInliner(load_remote_stylesheets=False)

    def render(self, letter: Letter) -> Rendered:
        """Returns the letter in its reader's language. Raises jinja2.UndefinedError when a template asks for more."""
        contents = letter.contents
        folder = f"{template_of([piece.kind for piece in contents.pieces])}/{contents.recipient.language}"
        context = template_context(letter, self._public_url)
        context["subject"] = one_line(self._fill(f"{folder}/subject.txt", context))
        return Rendered(
            subject=context["subject"],
            text=self._fill(f"{folder}/body.txt", context),
            html=self._inliner.inline(self._fill(f"{folder}/body.html", context)),
            pictures=[
                Picture(content_id(letter, number), qr.picture(piece.ticket.code))
                for number, piece in enumerate(contents.pieces, 1)
                if piece.kind in TICKETS and piece.ticket.code
            ],
        )

    def _fill(self, template: str, context: dict[str, Any]) -> str:
        filled = self._templates.get_template(template).render(context)
        # What a letter does not tell leaves its blank lines behind.
        return _BLANK_LINES.sub("\n\n", filled).strip() + "\n"
