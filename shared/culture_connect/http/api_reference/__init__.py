"""The API reference page: Swagger UI, with requests that can be tried, from files that come with the service.

Swagger UI itself (Apache-2.0, SmartBear Software) is in the package `fastapi-swagger`, which repackages its releases;
`static` has our own files.
"""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOLDER: Final = Path(__file__).parent
# Swagger UI's style sheet has its icons as data: addresses. No script and no style stands in the page itself.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class ApiReference:
    """The page about an API with this title, and the files that the page loads."""

    def __init__(self, title: str) -> None:
        templates = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
        self._page = templates.get_template("page.html").render(title=title)
        self._files = StaticFiles(directory=_FOLDER / "static", packages=[("fastapi_swagger", "resources")])

    def page(self) -> Response:
        """Returns the page, which reads `openapi.json` beside it."""
        return HTMLResponse(self._page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})

    async def file(self, name: str, scope: Scope) -> Response:
        """Returns a file of the page, or 304 to a client that has it. Raises HTTPException."""
        response = await self._files.get_response(name, scope)
        # An upgrade changes the files under the same names.
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response
