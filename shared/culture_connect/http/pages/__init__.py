"""Pages for people: one look, no script, and nothing loaded from anywhere.

`Site` writes them from a service's own templates, which extend `layout.html` here. `personal_route` is for pages whose
address is a key; `language_of` and `form_of` are what their routes need.
"""

from culture_connect.http.pages.forms import FormError, form_of
from culture_connect.http.pages.personal_pages import (
    PRIVATE,
    PersonalPages,
    PersonalRoute,
    chosen_language,
    language_of,
    personal_route,
)
from culture_connect.http.pages.site import Both, Site

__all__ = [
    "PRIVATE",
    "Both",
    "FormError",
    "PersonalPages",
    "PersonalRoute",
    "Site",
    "chosen_language",
    "form_of",
    "language_of",
    "personal_route",
]
