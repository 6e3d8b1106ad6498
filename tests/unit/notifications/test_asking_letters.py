"""The letters that ask somebody to come: what they are without, and who it is that asks."""

import pytest

from notifications.domain.letters import Kind
from tests.unit.notifications.builders import COLLEAGUE, LINK, RENDERER, a_letter, sent

ASKING = [Kind.TICKET_OFFERED, Kind.INVITATION]


@pytest.mark.parametrize("kind", ASKING)
def test_who_is_only_asked_gets_no_code_and_no_entry_for_the_calendar(kind: Kind) -> None:
    message = sent(a_letter(kind, sequence=1))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", ASKING)
def test_page_and_text_tell_what_it_is_about_and_where_to_answer(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(a_letter(kind, language=language))
    words = ["PAARD", "Prinsegracht 12, Den Haag", "2026", LINK]
    titles = {"nl": ["Klank & stilte", "Nieuwe stemmen"], "en": ["Sound & silence", "New voices"]}[language]
    for word in [*words, *titles]:
        assert word in rendered.text
        assert word in rendered.html.replace("&amp;", "&")


@pytest.mark.parametrize(
    ("language", "holder", "subject", "words"),
    [
        ("nl", COLLEAGUE, "Björn biedt je", ["Björn kan niet naar", "houdt Björn de plaats"]),
        ("nl", None, "Een collega biedt je", ["Een collega kan niet naar", "houdt je collega de plaats"]),
        ("nl", "\u200b", "Een collega biedt je", ["Een collega kan niet naar", "houdt je collega de plaats"]),
        ("en", COLLEAGUE, "Björn offers you", ["Björn cannot come to", "stays with Björn"]),
        ("en", None, "A colleague offers you", ["A colleague cannot come to", "stays with your colleague"]),
    ],
)
def test_an_offer_says_whose_the_seat_is_or_that_it_is_a_colleagues(
    language: str, holder: str | None, subject: str, words: list[str]
) -> None:
    rendered = RENDERER.render(a_letter(Kind.TICKET_OFFERED, language=language, holder_name=holder))
    assert rendered.subject.startswith(subject)
    for word in words:
        assert word in rendered.text
        assert word in rendered.html
