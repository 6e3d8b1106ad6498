"""The texts of somebody's letters, for the right of access (GDPR, article 15)."""

import asyncio
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text

from culture_connect.http.subject_access import More, Rows
from culture_connect.messaging import UnitOfWork
from notifications.composing.compose import letter_of
from notifications.rendering.composer import Composer
from notifications.rendering.models import Letter

_LETTERS = text("select letter_id from letters where participant_id = :participant order by planned_at, letter_id")


def texts_of(composer: Composer) -> More:
    """Finds what was written to a participant, and what would be written now, as `composer` writes it."""

    async def texts(work: UnitOfWork, participant: UUID) -> Rows:
        ids = (await work.execute(_LETTERS, {"participant": participant})).scalars().all()
        letters = [(each, await _readable(work, each)) for each in ids]
        return {"texts": await asyncio.to_thread(lambda: [_text(composer, id_, each) for id_, each in letters if each])}

    return texts


async def _readable(work: UnitOfWork, letter_id: UUID) -> Letter | None:
    try:
        return await letter_of(work, letter_id)
    except ValidationError:
        return None


def _text(composer: Composer, letter_id: UUID, letter: Letter) -> dict[str, Any]:
    rendered = composer.render(letter)
    recipient = letter.contents.recipient
    return {"letter_id": letter_id, "to": recipient.email, "subject": rendered.subject, "text": rendered.text}
