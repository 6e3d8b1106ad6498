"""The personal page as HTML that needs no script and loads nothing."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from culture_connect import dates
from culture_connect.contracts import Language, venue_names
from culture_connect.http.pages import Site
from ticketing.domain.refusals import RefusalCode
from ticketing.pages import explanations, qr
from ticketing.pages.translations import say
from ticketing.pages.view import ActionFailure, PageAction, PageNotice, PageState, PageView, view
from ticketing.store.personal_pages import PageFacts

_TEMPLATES = Path(__file__).parent / "templates"
_OF_THE_ADDRESS = (RefusalCode.ONESELF, RefusalCode.TOO_MANY_OFFERS)


class PersonalPages:
    """Renders personal pages; `policy` is the Content-Security-Policy that they are made for."""

    def __init__(self) -> None:
        self._site = Site(_TEMPLATES)
        self.policy = self._site.policy

    def render(
        self,
        facts: PageFacts,
        *,
        secret: str,
        language: Language,
        now: datetime,
        notice: PageNotice | None = None,
        failure: ActionFailure | None = None,
    ) -> str:
        """Returns the page of the person whose `secret` this is, as it is `now`, after what they did or tried to do.

        With `failure` it is the answer to what was posted, whose address is that of the page and one part more. Links
        are relative, for a service that is reached below a path.
        """
        shown = view(facts, now, notice)
        path = f"../{secret}" if failure else secret
        # What is posted from a page in another language than the person's own comes back in that language.
        query = "" if language == facts.language else f"?lang={language}"
        return self._fill(
            "page.html",
            language,
            path,
            **_evening(facts, language),
            **_place(facts, shown, language),
            to={action: f"{path}/{action}{query}" for action in PageAction},
            notice=say(f"said-{shown.notice}", language) if shown.notice else None,
            failure=_failure(failure, language),
        )

    def unknown(self, language: Language) -> str:
        """Returns the page for a secret that is nobody's."""
        return self._fill("short.html", language, "", key="unknown")

    def unavailable(self, language: Language) -> str:
        """Returns the page for when the service cannot answer, through no fault of the person."""
        return self._fill("short.html", language, "", key="unavailable")

    def busy(self, language: Language) -> str:
        """Returns the page for whoever opens it too often."""
        return self._fill("short.html", language, "", key="busy")

    def _fill(self, template: str, language: Language, path: str, **facts: Any) -> str:
        return self._site.fill(template, language, path, say=partial(say, language=language), **facts)


def _evening(facts: PageFacts, language: Language) -> dict[str, Any]:
    evening = facts.evening
    return {
        "title": evening.title.in_(language),
        "theme": evening.theme.in_(language),
        "day": dates.day(evening.starts_at, language),
        "starts": dates.clock(evening.starts_at, language),
        "ends": dates.clock(evening.ends_at, language),
        "venue": evening.venue.label,
        "address": venue_names.address(evening.venue, evening.location),
        "programme": [
            {
                "starts_at": part.starts_at.isoformat(),
                "starts": dates.clock(part.starts_at, language),
                "ends": dates.clock(part.ends_at, language),
                "label": say(part.kind, language),
                "title": part.title.in_(language),
            }
            for part in evening.programme
        ],
    }


def _place(facts: PageFacts, shown: PageView, language: Language) -> dict[str, Any]:
    place, made, received = facts.place, facts.offer_made, facts.offer_received
    code = place.code if place and shown.state is PageState.TICKET else None
    return {
        "state": str(shown.state),
        "heading": "admitted-over" if shown.state is PageState.ADMITTED and shown.over else str(shown.state),
        "actions": {str(action) for action in shown.actions},
        "closed": shown.closed,
        "holder_name": facts.holder_name,
        "ticket_id": place.ticket_id if place else None,
        "picture": Markup(qr.picture(code)) if code else None,  # noqa: S704 - drawn here
        "position": place.position if place else None,
        "admitted_at": dates.clock(place.admitted_at, language) if place and place.admitted_at else None,
        "made": made.offer_id if made else None,
        "received": received.offer_id if received else None,
        "giver": received.holder_name if received and received.holder_name else say("somebody", language),
        "why": _why(facts, language) if shown.why else None,
    }


def _why(facts: PageFacts, language: Language) -> dict[str, str] | None:
    decision = facts.decision
    if decision is None:
        return None
    return {
        "text": explanations.explain(decision.outcome, decision.rule, decision.figures, language),
        "day": dates.day(decision.decided_at, language),
        "clock": dates.clock(decision.decided_at, language),
    }


def _failure(failure: ActionFailure | None, language: Language) -> dict[str, Any] | None:
    if failure is None:
        return None
    if failure.refusal is not None:
        text = explanations.refusal(failure.refusal, language)
    elif failure.field == "email":
        text = say("fault-email", language)
    else:
        text = say("fault", language, field=failure.field)
    return {
        "action": str(failure.action),
        "text": text,
        "address": failure.address,
        "with_address": failure.field == "email" or failure.refusal in _OF_THE_ADDRESS,
    }
