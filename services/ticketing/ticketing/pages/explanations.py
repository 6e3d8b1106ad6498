"""Explanations of decisions and refusals, in Dutch and English, for the person they are about and for anybody else."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from culture_connect import dates
from culture_connect.contracts import Language, local_day
from culture_connect.http.pages import Both
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.refusals import RefusalCode

# The sentence of a rule by itself. Those of a round say more as soon as there are figures, see `_COMPARED`.
_RULES: Mapping[Rule, Both] = {
    Rule.ALLOTMENT: Both(
        "Er was nog een plaats van de eigen organisatie vrij.",
        "One of the seats of the organisation was still free.",
    ),
    Rule.COMMON_POOL: Both(
        "Er was nog een algemene plaats vrij.",
        "One of the seats for everybody was still free.",
    ),
    Rule.RELEASED: Both(
        "Er was nog een plaats vrij, en de plaatsen waren voor iedereen vrijgegeven.",
        "A seat was still free, and the seats had been released to everybody.",
    ),
    Rule.COLLEAGUE: Both(
        "De plaats is overgenomen van een collega.",
        "The seat was taken over from a colleague.",
    ),
    Rule.FULL: Both(
        "Alle plaatsen waren bezet.",
        "All seats were taken.",
    ),
    Rule.ALLOTMENT_USED: Both(
        "De plaatsen van de eigen organisatie waren bezet, en er was geen algemene plaats meer vrij.",
        "The seats of the organisation were taken, and none of those for everybody was left.",
    ),
    Rule.CLOSED: Both(
        "De wachtlijst was al gesloten: daarna schuift niemand meer door.",
        "The waiting list had closed: after that nobody moves up any more.",
    ),
    Rule.DECLINED: Both(
        "De plaats is teruggegeven.",
        "The place was given back.",
    ),
    Rule.PASSED_ON: Both(
        "Het ticket is doorgegeven aan een collega.",
        "The ticket was passed on to a colleague.",
    ),
    Rule.WITHDRAWN: Both(
        "De deelname aan Culture Connect eindigt voordat deze avond plaatsvindt.",
        "Taking part in Culture Connect ends before this evening takes place.",
    ),
    Rule.ENROLLED_ANEW: Both(
        "De deelname aan Culture Connect is opnieuw begonnen, en daarmee ook de beurt voor deze avond.",
        "Taking part in Culture Connect began anew, and with it the turn for this evening.",
    ),
    Rule.NOT_ACTIVE: Both(
        "De deelname aan Culture Connect loopt niet op de dag van deze avond.",
        "Taking part in Culture Connect does not cover the day of this evening.",
    ),
    Rule.PARTNER_LEFT: Both(
        "De organisatie doet niet meer mee aan Culture Connect.",
        "The organisation no longer takes part in Culture Connect.",
    ),
    Rule.ERASED: Both(
        "De gegevens van deze deelnemer zijn gewist.",
        "The data of this participant were erased.",
    ),
    Rule.EVENING_CANCELLED: Both(
        "De avond gaat niet door.",
        "The evening does not take place.",
    ),
}

# With the figures of a round; `free` is what was left of the capacity.
_COMPARED: Mapping[Rule, Both] = {
    Rule.ALLOTMENT: Both(
        "Van de plaatsen voor de eigen organisatie waren er nog vrij ({partner_held} van {allotment} bezet).",
        "Some of the seats kept for the organisation were still free ({partner_held} of {allotment} taken).",
    ),
    Rule.COMMON_POOL: Both(
        "De plaatsen voor de eigen organisatie waren bezet ({partner_held} bezet, {allotment} gereserveerd), maar er"
        " was nog een algemene plaats vrij ({pool_left} over).",
        "The seats kept for the organisation were taken ({partner_held} taken, {allotment} kept), but one of"
        " those for everybody was still free ({pool_left} left).",
    ),
    Rule.RELEASED: Both(
        "Er was nog een plaats vrij ({held} van {capacity} bezet), en de plaatsen waren voor iedereen vrijgegeven.",
        "A seat was still free ({held} of {capacity} taken), and the seats had been released to everybody.",
    ),
    Rule.FULL: Both(
        "Alle plaatsen waren bezet ({held} van {capacity}).",
        "All seats were taken ({held} of {capacity}).",
    ),
    Rule.ALLOTMENT_USED: Both(
        "De plaatsen voor de eigen organisatie waren bezet ({partner_held} bezet, {allotment} gereserveerd), en er was"
        " geen algemene plaats meer. Wat nog vrij was ({free} van {capacity}), blijft tot de vrijgave gereserveerd"
        " voor andere organisaties.",
        "The seats kept for the organisation were taken ({partner_held} taken, {allotment} kept), and none of"
        " those for everybody was left. What was still free ({free} of {capacity}) stays reserved for other"
        " organisations until the release.",
    ),
}

_CAME_FREE = Both("Er kwam een plaats vrij voor de wachtlijst.", "A seat came free for the waiting list.")
_TURN = Both("De beurt was aan nummer {place} van {competing}.", "It was the turn of number {place} of {competing}.")

# Why the last seat went to somebody else, by the first comparison that differs (allocation rules, "Granting", 1 to 4).
_FEWER_EVENINGS = Both(
    "De laatste plaats ging naar iemand met minder andere avonden dit seizoen ({theirs}, en hier {own}): wie eerder"
    " misliep, gaat voor.",
    "The last seat went to someone with fewer other evenings this season ({theirs}, and {own} here): those who missed"
    " out come first.",
)
_SMALLER_FILL = Both(
    "De laatste plaats ging naar iemand met wie de eigen organisatie naar verhouding minder plaatsen zou hebben"
    " ({theirs}, en hier {own}).",
    "The last seat went to someone with whom their organisation would have fewer seats in proportion"
    " ({theirs}, and {own} here).",
)
_EARLIER = Both(
    "De laatste plaats ging naar iemand die zich eerder had aangemeld.",
    "The last seat went to someone who had asked earlier.",
)
_EARLIER_AT = Both(
    "De laatste plaats ging naar iemand die zich eerder had aangemeld ({theirs}, en hier {own}).",
    "The last seat went to someone who had asked earlier ({theirs}, and {own} here).",
)
_BY_LOT = Both(
    "Om de laatste plaats was verder alles gelijk: daar besliste het lot.",
    "For the last seat everything else was equal: the lot decided.",
)
_OUT_OF = Both("{0} op {1}", "{0} out of {1}")
_MOMENT = Both("{day}, {clock} uur", "{day}, {clock}")

# A rule of a newer release, read by an older one.
_OUTCOMES: Mapping[str, Both] = {
    Outcome.GRANTED: Both("Er was een plaats vrij.", "A seat was free."),
    Outcome.PROMOTED: _CAME_FREE,
    Outcome.WAITING: Both("Er was nog geen plaats vrij.", "No seat was free yet."),
    Outcome.LOST: Both("De plaats is vervallen.", "The place has been released."),
}

_REFUSALS: Mapping[RefusalCode, Both] = {
    RefusalCode.UNKNOWN_EVENING: Both("Deze avond kennen we niet.", "We do not know this evening."),
    RefusalCode.UNKNOWN_TICKET: Both("Dit ticket kennen we niet.", "We do not know this ticket."),
    RefusalCode.UNKNOWN_PARTICIPANT: Both("Deze deelnemer kennen we niet.", "We do not know this participant."),
    RefusalCode.UNKNOWN_OFFER: Both("Dit aanbod is er niet meer.", "This offer is no longer there."),
    RefusalCode.NOT_YOURS: Both("Dit ticket is van iemand anders.", "This ticket is somebody else’s."),
    RefusalCode.EVENING_CANCELLED: Both("Deze avond gaat niet door.", "This evening does not take place."),
    RefusalCode.EVENING_BEGUN: Both(
        "De avond is al begonnen: aan de tickets verandert nu niets meer.",
        "The evening has begun: its tickets no longer change.",
    ),
    RefusalCode.NOT_ACTIVE: Both(
        "De deelname aan Culture Connect loopt niet op de dag van deze avond.",
        "Taking part in Culture Connect does not cover the day of this evening.",
    ),
    RefusalCode.TICKET_ENDED: Both("Dit ticket geldt niet meer.", "This ticket is no longer valid."),
    RefusalCode.ALREADY_ADMITTED: Both(
        "Met dit ticket is al iemand binnen.", "Somebody has already gone in with this ticket."
    ),
    RefusalCode.NO_SEAT: Both(
        "Een plek op de wachtlijst kan niet worden doorgegeven, alleen een ticket.",
        "A place on the waiting list cannot be passed on, only a ticket.",
    ),
    RefusalCode.STRANGER: Both(
        "Bij deze organisatie vinden we geen deelnemer met dit e-mailadres. Klopt het adres?",
        "We find no participant of this organisation with this e-mail address. Is the address right?",
    ),
    RefusalCode.ONESELF: Both(
        "Dit is het adres van de houder zelf; een ticket gaat naar een collega.",
        "This is the holder’s own address; a ticket goes to a colleague.",
    ),
    RefusalCode.COLLEAGUE_HAS_TICKET: Both(
        "Wie al een ticket voor deze avond heeft, kan er geen tweede krijgen.",
        "Whoever has a ticket for this evening cannot get another one.",
    ),
    RefusalCode.COLLEAGUE_NOT_ACTIVE: Both(
        "Een ticket kan alleen naar een collega die op de dag van deze avond meedoet aan Culture Connect.",
        "A ticket can only go to a colleague who takes part in Culture Connect on the day of this evening.",
    ),
    RefusalCode.TOO_MANY_OFFERS: Both(
        "Dit ticket is vandaag al vaak genoeg aangeboden. Probeer het morgen nog eens.",
        "This ticket has been offered often enough today. Please try again tomorrow.",
    ),
}


def explain(outcome: str, rule: str, figures: Mapping[str, Any], language: Language) -> str:
    """Returns the reason of a decision, in whole sentences that name nobody (allocation rules, "Explaining").

    `outcome`, `rule` and `figures` are those of a recorded decision; without figures the sentence is that of the rule.
    """
    try:
        known = Rule(rule)
    except ValueError:
        return _OUTCOMES[outcome].in_(language)
    if known not in _COMPARED or "capacity" not in figures:
        return _RULES[known].in_(language)
    free = max(figures["capacity"] - figures["held"], 0)
    sentences = [_COMPARED[known].in_(language).format(**figures, free=free)]
    if outcome == Outcome.PROMOTED:
        sentences.insert(0, _CAME_FREE.in_(language))
    if figures["competing"] > 1:
        sentences.append(_TURN.in_(language).format(**figures))
    if known is Rule.FULL and figures["last_served"] is not None:
        sentences.append(_compared_with_last(figures, figures["last_served"], language))
    return " ".join(sentences)


def refusal(code: RefusalCode, language: Language) -> str:
    """Returns the reason of a refusal, in a sentence that fits the person and whoever acts for them."""
    return _REFUSALS[code].in_(language)


def _compared_with_last(own: Mapping[str, Any], theirs: Mapping[str, Any], language: Language) -> str:
    """Returns the first comparison that differs: in it, whoever got the last seat came first."""
    if own["other_evenings"] != theirs["other_evenings"]:
        return _FEWER_EVENINGS.in_(language).format(own=own["other_evenings"], theirs=theirs["other_evenings"])
    if Fraction(own["fill"]) != Fraction(theirs["fill"]):
        return _SMALLER_FILL.in_(language).format(
            own=_out_of(own["fill"], language), theirs=_out_of(theirs["fill"], language)
        )
    if own["requested_at"] == theirs["requested_at"]:
        return _BY_LOT.in_(language)
    asked, they_asked = _moment(own["requested_at"], language), _moment(theirs["requested_at"], language)
    # Times are shown to the minute: within one they would look the same.
    if asked == they_asked:
        return _EARLIER.in_(language)
    return _EARLIER_AT.in_(language).format(own=asked, theirs=they_asked)


def _out_of(fill: str, language: Language) -> str:
    return _OUT_OF.in_(language).format(*fill.split("/"))


def _moment(written: str, language: Language) -> str:
    moment = datetime.fromisoformat(written)
    return _MOMENT.in_(language).format(
        day=dates.date(local_day(moment), language), clock=dates.clock(moment, language)
    )
