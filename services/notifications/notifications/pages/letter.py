"""A letter as a page for operators: what became of it, and what its reader sees."""

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from notifications.http.letters import WholeLetterView

# The frame with the letter runs no scripts, and neither it nor the page loads anything from anywhere.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class LetterPage:
    """Writes the page."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def response(self, letter: "WholeLetterView") -> HTMLResponse:
        """The page of a letter, kept by nobody on its way."""
        page = self._templates.get_template("letter.html").render(letter=letter, rendered=letter.rendered)
        return HTMLResponse(page, HTTPStatus.OK, _HEADERS)
