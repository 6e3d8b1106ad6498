"""The look that the pages have in common, and their words of both languages."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from culture_connect.contracts import Language, Venue

_COMMON = Path(__file__).parent
_OTHER = {Language.NL: (Language.EN, "English"), Language.EN: (Language.NL, "Nederlands")}


class Both(NamedTuple):
    """The same in Dutch and in English, with `{names}` of what is filled in."""

    nl: str
    en: str

    def in_(self, language: Language) -> str:
        """The text in that language."""
        return self.en if language == Language.EN else self.nl


class Site:
    """Writes pages from the `templates` of a service; its `style.css`, if it has one, follows the common one.

    `policy` is the Content-Security-Policy that the pages are made for: their own style and their own forms.
    """

    def __init__(self, templates: Path) -> None:
        self._templates = Environment(
            loader=FileSystemLoader([templates, _COMMON]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        styles = (folder / "style.css" for folder in (_COMMON, templates))
        style = "\n".join(file.read_text(encoding="utf-8") for file in styles if file.is_file())
        digest = base64.b64encode(sha256(style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'"
        )
        self._always = {"style": Markup(style), "institutions": [venue.label for venue in Venue]}  # noqa: S704 - our own files

    def fill(self, template: str, language: Language, path: str, **facts: Any) -> str:
        """The page of that template; `path` leads to it, relative, for the link to the other language."""
        other, label = _OTHER[language]
        return self._templates.get_template(template).render(
            **self._always,
            **facts,
            language=str(language),
            other={"language": str(other), "label": label, "link": f"{path}?lang={other}"},
        )
