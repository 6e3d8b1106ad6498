"""Decisions and refusals in words: only what the figures say, in both languages, about nobody else."""

from typing import Any

import pytest

from culture_connect.contracts import Language
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.refusals import RefusalCode
from ticketing.pages.explanations import explain, refusal

FIGURES: dict[str, Any] = {
    "capacity": 200,
    "held": 200,
    "allotment": 40,
    "partner_held": 41,
    "pool_left": 0,
    "other_evenings": 1,
    "fill": "41/40",
    "requested_at": "2026-10-03T10:05:00+00:00",
    "lot": "0f1e2d3c4b5a6978",
    "place": 231,
    "competing": 450,
    "last_served": None,
}
ROUND_RULES = {Rule.ALLOTMENT, Rule.COMMON_POOL, Rule.RELEASED, Rule.FULL, Rule.ALLOTMENT_USED}


def full_after(**last: Any) -> dict[str, Any]:
    """The figures of somebody who found the evening full, after somebody who differs in this."""
    own = {name: FIGURES[name] for name in ("other_evenings", "fill", "requested_at")}
    return FIGURES | {"last_served": own | last}


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_a_sentence_in_both_languages(rule: Rule) -> None:
    for figures in ({}, FIGURES):
        dutch, english = (explain(Outcome.WAITING, rule, figures, language) for language in Language)
        assert dutch != english
        for text in (dutch, english):
            assert text[0].isupper()
            assert text.endswith(".")
            assert not set("{}") & set(text)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_a_sentence_in_both_languages(code: RefusalCode) -> None:
    dutch, english = (refusal(code, language) for language in Language)
    assert dutch != english
    assert dutch[-1] in ".?"
    assert english[-1] in ".?"


@pytest.mark.parametrize("rule", list(Rule))
def test_no_explanation_speaks_to_anybody(rule: Rule) -> None:
    said = f" {explain('waiting', rule, FIGURES, Language.NL)} {explain('waiting', rule, FIGURES, Language.EN)}".lower()
    assert [word for word in (" je ", " jij ", " jouw ", " you ", " your ") if word in said] == []


@pytest.mark.parametrize("rule", sorted(set(Rule) - ROUND_RULES))
def test_a_rule_outside_a_round_needs_no_figures(rule: Rule) -> None:
    assert explain(Outcome.LOST, rule, FIGURES, Language.NL) == explain(Outcome.LOST, rule, {}, Language.NL)


def test_a_full_evening_that_served_nobody_before_says_just_that() -> None:
    figures = FIGURES | {"competing": 1, "place": 1}
    assert explain("waiting", "full", figures, Language.NL) == "Alle plaatsen waren bezet (200 van 200)."
    assert explain("waiting", "full", figures, Language.EN) == "All seats were taken (200 of 200)."


def test_who_missed_out_before_goes_first() -> None:
    figures = full_after(other_evenings=0, fill="2/40")
    assert explain("waiting", "full", figures, Language.NL) == (
        "Alle plaatsen waren bezet (200 van 200). De beurt was aan nummer 231 van 450. De laatste plaats ging naar"
        " iemand met minder andere avonden dit seizoen (0, en hier 1): wie eerder misliep, gaat voor."
    )
    assert explain("waiting", "full", figures, Language.EN) == (
        "All seats were taken (200 of 200). It was the turn of number 231 of 450. The last seat went to someone with"
        " fewer other evenings this season (0, and 1 here): those who missed out come first."
    )


@pytest.mark.parametrize(
    ("last", "dutch", "english"),
    [
        ({"fill": "40/40"}, "(40 op 40, en hier 41 op 40)", "(40 out of 40, and 41 out of 40 here)"),
        (
            {"requested_at": "2026-10-02T08:00:00+00:00"},
            "(2 oktober 2026, 10.00 uur, en hier 3 oktober 2026, 12.05 uur)",
            "(2 October 2026, 10:00, and 3 October 2026, 12:05 here)",
        ),
        (
            {"requested_at": "2026-10-03T10:04:59+00:00"},
            "(3 oktober 2026, 12.04 uur, en hier 3 oktober 2026, 12.05 uur)",
            "(3 October 2026, 12:04, and 3 October 2026, 12:05 here)",
        ),
        ({"fill": "82/80"}, "besliste het lot", "the lot decided"),
    ],
)
def test_the_first_comparison_that_differs_is_told(last: dict[str, Any], dutch: str, english: str) -> None:
    assert dutch in explain("waiting", "full", full_after(**last), Language.NL)
    assert english in explain("waiting", "full", full_after(**last), Language.EN)


def test_requests_within_a_minute_are_not_told_by_times_that_look_the_same() -> None:
    figures = full_after(requested_at="2026-10-03T10:05:00+00:00") | {"requested_at": "2026-10-03T10:05:30+00:00"}
    assert explain("waiting", "full", figures, Language.NL).endswith("die zich eerder had aangemeld.")


def test_seats_kept_for_others_are_told_of() -> None:
    figures = FIGURES | {"held": 188, "competing": 1}
    assert explain("waiting", "allotment-used", figures, Language.NL) == (
        "De plaatsen voor de eigen organisatie waren bezet (41 bezet, 40 gereserveerd), en er was geen algemene plaats"
        " meer. Wat nog vrij was (12 van 200), blijft tot de vrijgave gereserveerd voor andere organisaties."
    )


def test_who_moved_up_reads_that_a_seat_came_free() -> None:
    figures = FIGURES | {"held": 199, "place": 1, "competing": 3}
    assert explain("promoted", "released", figures, Language.NL) == (
        "Er kwam een plaats vrij voor de wachtlijst. Er was nog een plaats vrij (199 van 200 bezet), en de plaatsen"
        " waren voor iedereen vrijgegeven. De beurt was aan nummer 1 van 3."
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_rule_of_a_newer_release_is_told_by_its_outcome(outcome: Outcome) -> None:
    assert explain(outcome, "rule-of-tomorrow", {}, Language.NL).endswith(".")
