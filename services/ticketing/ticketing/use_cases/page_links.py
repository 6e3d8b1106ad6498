"""New links to personal pages, for the letters."""

from collections.abc import Iterable
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.store import personal_pages
from ticketing.store.personal_pages import NewPage
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import PageLink


async def create_links(work: UnitOfWork, issuer: Issuer, owners: Iterable[tuple[UUID, UUID]]) -> list[PageLink]:
    """Creates a page for each evening and participant given, and returns their links, in that order."""
    pages, urls = [], []
    for evening, participant in owners:
        link = issuer.links.draw()
        pages.append(NewPage(evening, participant, link.secret_sha256))
        urls.append(link.url)
    addresses = await personal_pages.save(work, pages)
    return [PageLink(url, addresses.get(page.participant_id)) for page, url in zip(pages, urls, strict=True)]
