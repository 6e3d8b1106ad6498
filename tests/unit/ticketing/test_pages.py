"""The personal page: what it shows and offers in every state, in both languages, from facts made by hand."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import pytest
import segno

from culture_connect.contracts import Language, Localised
from tests.unit.ticketing.page_facts import (
    ADMITTED,
    AFTER,
    BEFORE,
    CANCELLED,
    CLOSED,
    CODE,
    DECLINED,
    DURING,
    HOLDER,
    INVITED,
    LOST,
    NOT_ACTIVE,
    OFFER,
    OFFERED,
    OFFERING,
    PASSED_ON,
    SECRET,
    TICKET,
    WAITING,
    WAITING_AND_OFFERED,
    an_evening,
)
from ticketing.domain.refusals import RefusalCode
from ticketing.pages import explanations, translations
from ticketing.pages.rendering import PersonalPages
from ticketing.pages.view import ActionFailure, PageAction, PageNotice, PageState, view
from ticketing.store.personal_pages import PageFacts, PageOffer

PAGES = PersonalPages()

STORIES: dict[str, tuple[PageFacts, datetime, PageState, set[PageAction]]] = {
    "invited": (INVITED, BEFORE, PageState.INVITED, {PageAction.COME}),
    "nothing-said": (replace(INVITED, seat_request=None), BEFORE, PageState.INVITED, {PageAction.COME}),
    "invited-again": (replace(DECLINED, seat_request="invited"), BEFORE, PageState.INVITED, {PageAction.COME}),
    "waiting": (WAITING, BEFORE, PageState.WAITING, {PageAction.DECLINE}),
    "waiting-closed": (WAITING, CLOSED, PageState.WAITING, set()),
    "ticket": (HOLDER, BEFORE, PageState.TICKET, {PageAction.DECLINE, PageAction.PASS_ON}),
    "offering": (OFFERING, BEFORE, PageState.TICKET, {PageAction.DECLINE, PageAction.TAKE_BACK}),
    "offered": (OFFERED, BEFORE, PageState.INVITED, {PageAction.COME, PageAction.ACCEPT, PageAction.REFUSE}),
    "waiting-and-offered": (
        WAITING_AND_OFFERED,
        BEFORE,
        PageState.WAITING,
        {PageAction.DECLINE, PageAction.ACCEPT, PageAction.REFUSE},
    ),
    "admitted": (ADMITTED, DURING, PageState.ADMITTED, set()),
    "admitted-early": (ADMITTED, CLOSED, PageState.ADMITTED, set()),
    "admitted-over": (ADMITTED, AFTER, PageState.ADMITTED, set()),
    "declined": (DECLINED, BEFORE, PageState.DECLINED, {PageAction.COME}),
    "passed-on": (PASSED_ON, BEFORE, PageState.PASSED_ON, {PageAction.COME}),
    "lost": (LOST, BEFORE, PageState.LOST, {PageAction.COME}),
    "not-active": (NOT_ACTIVE, BEFORE, PageState.NOT_ACTIVE, set()),
    "cancelled": (CANCELLED, BEFORE, PageState.CANCELLED, set()),
    "late": (HOLDER, DURING, PageState.TICKET, set()),
    "too-late-to-ask": (INVITED, DURING, PageState.BEGUN, set()),
    "missed": (WAITING, DURING, PageState.MISSED, set()),
    "over": (HOLDER, AFTER, PageState.OVER, set()),
    "over-without-a-seat": (INVITED, AFTER, PageState.OVER, set()),
    "declined-and-over": (DECLINED, AFTER, PageState.DECLINED, set()),
}
STEPS = {
    PageAction.COME: "",
    PageAction.DECLINE: "ticket_id",
    PageAction.PASS_ON: "ticket_id",
    PageAction.TAKE_BACK: "offer_id",
    PageAction.ACCEPT: "offer_id",
    PageAction.REFUSE: "offer_id",
}
every_story = pytest.mark.parametrize("scenario", STORIES)
both_languages = pytest.mark.parametrize("language", list(Language))


class PageReader(HTMLParser):
    """A page as a browser without scripts has it: its forms, what is folded, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str | None]] = {}
        self.folded: set[str] = set()
        self.unfolded: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._form: str | None = None
        self.feed(page)
        assert self._open == [], "an element was not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "input", "br", "path"):
            self._open.append(f"{tag}-open" if tag == "details" and "open" in found else tag)
        if tag == "form":
            self._form = (found["action"] or "").rpartition("/")[2]
            self.forms[self._form] = {}
            (self.folded if "details" in self._open else self.unfolded).add(self._form)
        if tag == "input" and self._form:
            self.forms[self._form][found["name"] or ""] = found.get("value")

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self._open.pop() in (tag, f"{tag}-open")

    def handle_data(self, data: str) -> None:
        if not {"style", "title"}.intersection(self._open):
            self.words.append(data)

    @property
    def text(self) -> str:
        """Returns the text that people read, in one line."""
        return " ".join(" ".join(self.words).split())


def page_of(
    facts: PageFacts,
    now: datetime = BEFORE,
    language: Language = Language.NL,
    *,
    notice: PageNotice | None = None,
    failure: ActionFailure | None = None,
) -> str:
    """The page as HTML."""
    return PAGES.render(facts, secret=SECRET, language=language, now=now, notice=notice, failure=failure)


def read(facts: PageFacts, now: datetime = BEFORE, language: Language = Language.NL, **more: Any) -> PageReader:
    """The page as a browser has it."""
    return PageReader(page_of(facts, now, language, **more))


@every_story
def test_every_state_offers_what_can_be_done_in_it_and_nothing_else(scenario: str) -> None:
    facts, now, state, actions = STORIES[scenario]
    shown = view(facts, now)
    assert (shown.state, set(shown.actions)) == (state, actions)
    for language in Language:
        assert set(read(facts, now, language).forms) == set(actions_in(actions, language))


def actions_in(actions: set[PageAction], language: Language) -> list[str]:
    """The ends of the addresses that forms post to: another language than the person's own is kept."""
    return [action if language is Language.NL else f"{action}?lang={language}" for action in actions]


@every_story
def test_forms_name_the_ticket_or_the_offer_that_the_page_shows(scenario: str) -> None:
    facts, now, _, _ = STORIES[scenario]
    ids = {"ticket_id": str(TICKET), "offer_id": str(OFFER)}
    for action, fields in read(facts, now).forms.items():
        named = {name: value for name, value in fields.items() if name != "email"}
        field = STEPS[PageAction(action)]
        assert named == ({field: ids[field]} if field else {})


@every_story
def test_what_cannot_be_undone_takes_a_second_step(scenario: str) -> None:
    facts, now, _, _ = STORIES[scenario]
    page = read(facts, now)
    assert page.folded <= {PageAction.DECLINE, PageAction.PASS_ON, PageAction.REFUSE}
    assert page.unfolded <= {PageAction.COME, PageAction.ACCEPT, PageAction.TAKE_BACK}


@both_languages
@every_story
def test_every_state_has_its_heading_and_only_its_language(scenario: str, language: Language) -> None:
    facts, now, state, _ = STORIES[scenario]
    other = Language.EN if language is Language.NL else Language.NL
    text = read(facts, now, language).text
    key = "admitted-over" if state is PageState.ADMITTED and now is AFTER else str(state)
    assert translations.say(key, language) in text
    assert translations.say(key, other) not in text
    assert f'<html lang="{language}"' in page_of(facts, now, language)


@both_languages
@every_story
def test_nothing_is_loaded_from_anywhere_and_nothing_runs(scenario: str, language: Language) -> None:
    facts, now, _, _ = STORIES[scenario]
    page = read(facts, now, language)
    tags = {tag for tag, _, _ in page.attributes}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "link", "base", "embed"})
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "style", "srcset")]
    addresses = [value or "" for _, name, value in page.attributes if name in ("href", "action")]
    assert [each for each in addresses if not re.fullmatch(rf"{SECRET}(/[a-z-]+)?(\?lang=(nl|en))?", each)] == []
    assert not re.search(r"@import|url\(", page_of(facts, now, language))


def test_the_policy_lets_only_the_own_style_and_the_own_forms_through() -> None:
    style = re.search(r"<style>(.*?)</style>", page_of(HOLDER), re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert PAGES.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_the_ticket_has_its_code_as_a_picture_and_its_holder() -> None:
    page = page_of(HOLDER)
    assert modules_of(page) == [bytearray(row) for row in segno.make(CODE, error="m", boost_error=False, mask=3).matrix]
    assert "Zoë van der Meer-Özdemir" in page
    assert CODE not in page


@every_story
def test_a_code_is_shown_to_whoever_may_go_in_with_it_and_to_nobody_else(scenario: str) -> None:
    facts, now, state, _ = STORIES[scenario]
    assert ("<svg" in page_of(facts, now)) == (state is PageState.TICKET)


def modules_of(page: str) -> list[bytearray]:
    """Dark or not, module by module, read from the lines of the picture without its quiet zone."""
    picture = re.search(r'viewBox="0 0 (\d+) \1".*stroke="#000" d="([^"]+)"', page)
    assert picture is not None
    size = int(picture[1])
    rows = [bytearray(size) for _ in range(size)]
    x, y = 0.0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?", picture[2]):
        if command == "h":
            rows[int(y)][int(x) : int(x) + int(first)] = b"\x01" * int(first)
            x += int(first)
        else:
            absolute = command == "M"
            x, y = (0.0 if absolute else x) + float(first), (0.0 if absolute else y) + float(second)
    quiet = 4
    assert not any(map(any, rows[:quiet] + rows[-quiet:]))
    return [row[quiet:-quiet] for row in rows[quiet:-quiet]]


@both_languages
def test_the_programme_is_told_in_the_times_of_the_hague(language: Language) -> None:
    text = read(HOLDER, language=language).text
    told = {
        Language.NL: ["donderdag 5 november 2026", "19.30 – 23.00 uur", "20.45 – 21.30 · Verdieping In gesprek"],
        Language.EN: ["Thursday 5 November 2026", "19:30 – 23:00", "20:45 – 21:30 · In depth In conversation"],
    }
    assert [each for each in told[language] if each not in text] == []
    assert "PAARD, Prinsegracht 12, Den Haag" in text.replace(" ,", ",")


@both_languages
def test_whoever_waits_reads_their_place_and_why(language: Language) -> None:
    text = read(WAITING, language=language).text
    assert f"{translations.say('place-in-line', language)} 31 " in text
    assert "231" in text
    assert translations.say("why-waiting", language) in text


def test_a_place_in_a_line_that_has_closed_is_not_told_any_more() -> None:
    page = read(WAITING, CLOSED)
    assert " 31 " not in page.text
    assert translations.say("waiting-closed", Language.NL) in page.text


@pytest.mark.parametrize("scenario", ["lost", "not-active", "missed", "ticket"])
def test_a_decision_that_made_things_so_is_explained(scenario: str) -> None:
    facts, now, state, _ = STORIES[scenario]
    text = read(facts, now).text
    assert translations.say(f"why-{state}", Language.NL) in text
    assert "Besloten op donderdag 15 oktober 2026 om 20.30 uur." in text


def test_a_page_without_a_decision_explains_nothing() -> None:
    assert "Besloten op" not in read(replace(HOLDER, decision=None)).text
    assert "Besloten op" not in read(DECLINED).text


def test_an_offer_says_who_makes_it_and_what_it_costs() -> None:
    assert "Joris Bakker wil je het ticket" in read(OFFERED).text
    assert translations.say("offer-waiting", Language.NL) not in read(OFFERED).text
    assert translations.say("offer-waiting", Language.NL) in read(WAITING_AND_OFFERED).text
    nameless = replace(OFFERED, offer_received=PageOffer(OFFER, None))
    assert "Een collega wil je het ticket" in read(nameless).text


def test_whoever_has_a_ticket_is_not_asked_about_another_one() -> None:
    facts = replace(HOLDER, offer_received=PageOffer(OFFER, "Joris Bakker"))
    assert set(read(facts).forms) == {PageAction.DECLINE, PageAction.PASS_ON}


@pytest.mark.parametrize(
    ("notice", "facts", "stale"),
    [
        (PageNotice.ASKED, WAITING, DECLINED),
        (PageNotice.ASKED, HOLDER, CANCELLED),
        (PageNotice.DECLINED, DECLINED, HOLDER),
        (PageNotice.OFFERED, OFFERING, HOLDER),
        (PageNotice.TAKEN_BACK, HOLDER, OFFERING),
        (PageNotice.ACCEPTED, HOLDER, PASSED_ON),
        (PageNotice.REFUSED, INVITED, OFFERED),
    ],
)
def test_what_was_just_done_is_told_while_it_holds(notice: PageNotice, facts: PageFacts, stale: PageFacts) -> None:
    for language in Language:
        said = translations.say(f"said-{notice}", language)
        assert said in read(facts, language=language, notice=notice).text
        assert said not in read(stale, language=language, notice=notice).text


@both_languages
def test_a_refused_address_is_explained_where_it_was_typed(language: Language) -> None:
    failure = ActionFailure(PageAction.PASS_ON, RefusalCode.ONESELF, address='"><b>j@acme.example')
    page = page_of(HOLDER, language=language, failure=failure)
    sentence = explanations.refusal(RefusalCode.ONESELF, language)
    assert page.count(sentence) == 2
    assert 'value="&#34;&gt;&lt;b&gt;j@acme.example" aria-invalid="true" aria-describedby="email-error"' in page
    assert page.count("<details open>") == 1


def test_a_missing_field_is_named() -> None:
    assert "(ticket_id)" in read(HOLDER, failure=ActionFailure(PageAction.DECLINE, field="ticket_id")).text
    faulty = page_of(HOLDER, failure=ActionFailure(PageAction.PASS_ON, field="email", address="joris"))
    assert translations.say("fault-email", Language.NL) in faulty
    assert 'value="joris" aria-invalid="true"' in faulty


def test_links_of_an_answer_lead_back_to_the_page_it_was_posted_from() -> None:
    page = read(HOLDER, failure=ActionFailure(PageAction.DECLINE, RefusalCode.TICKET_ENDED))
    addresses = {value or "" for _, name, value in page.attributes if name in ("href", "action")}
    assert addresses == {f"../{SECRET}?lang=en", f"../{SECRET}/decline", f"../{SECRET}/pass-on"}


def test_markup_in_names_and_titles_is_shown_and_not_obeyed() -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7 * 7 }}{x}'
    title = Localised(nl=hostile, en=hostile)
    parts = [part.model_copy(update={"title": title}) for part in INVITED.evening.programme]
    evening = an_evening(title=title, theme=title, location=hostile, programme=parts)
    for facts in (HOLDER, OFFERED):
        offer = facts.offer_received and PageOffer(OFFER, hostile)
        page = page_of(replace(facts, evening=evening, holder_name=hostile, offer_received=offer))
        assert "<script" not in page
        assert "<img" not in page
        assert page.count("{{ 7 * 7 }}{x}") >= 6
        PageReader(page)


@pytest.mark.parametrize("location", ["PAARD, Prinsegracht 12", "Prinsegracht 12"])
def test_the_venue_is_named_once_though_the_location_begins_with_it(location: str) -> None:
    text = read(replace(INVITED, evening=an_evening(location=location))).text
    assert "Prinsegracht 12" in text
    # Once where to come, once among the five.
    assert text.count("PAARD") == 2


@both_languages
@pytest.mark.parametrize("key", ["unknown", "unavailable"])
def test_a_page_about_nobody_says_what_to_do(key: str, language: Language) -> None:
    page = PageReader(getattr(PAGES, key)(language))
    assert translations.say(f"{key}-lead", language) in page.text
    assert page.forms == {}
    assert SECRET not in page.text


def test_both_languages_fill_in_the_same_things() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    assert [key for key, both in translations.TRANSLATIONS.items() if fields(both.nl) != fields(both.en)] == []
    assert [key for key, both in translations.TRANSLATIONS.items() if not both.nl or not both.en] == []
