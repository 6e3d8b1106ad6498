"""A model of what registration does with the messages of one HR system: the contract, written down in the plainest way.

One message at a time, dicts and lists, and nothing of the service: the two know of each other through the contract and
`services/registration/README.md` only. People are numbered here; which participant id a number has, receipts tell.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

THE_HAGUE = ZoneInfo("Europe/Amsterdam")
RETENTION_YEARS = 1
_BEFORE_ALL_TIMES = datetime(1, 1, 1, tzinfo=UTC)

# Each way of writing an address: how it is passed on, and whose it is.
ADDRESSES = {
    "noor@tuin.example": ("noor@tuin.example", "noor"),
    "Noor@TUIN.example": ("Noor@tuin.example", "noor"),
    "wim@bücher.example": ("wim@xn--bcher-kva.example", "wim"),
    "WIM@BÜCHER.example": ("WIM@xn--bcher-kva.example", "wim"),
    "wim@xn--bcher-kva.example": ("wim@xn--bcher-kva.example", "wim"),
    " juergen@tuin.example": ("juergen@tuin.example", "juergen"),
    "JUERGEN@tuin.example": ("JUERGEN@tuin.example", "juergen"),
}


@dataclass(frozen=True)
class Post:
    """A message as HR sent it; `sent_at` is what it says itself, None when it says nothing.

    `data` is the JSON object in its body. A message that cannot be read has a `fault` (field and code), and perhaps a
    `body` that is no JSON. `form` is how it is put on the wire, which makes no difference.
    """

    id: str
    type: str
    data: dict[str, Any]
    sent_at: datetime | None = None
    fault: tuple[str | None, str] | None = None
    body: bytes | None = None
    form: str = "least"

    @property
    def told_at(self) -> datetime | None:
        """Returns when it was sent as far as that reaches registration: an AMQP timestamp has whole seconds."""
        return self.sent_at.replace(microsecond=0) if self.sent_at and self.form == "least" else self.sent_at

    @property
    def employee_ref(self) -> str | None:
        """Returns whom it is about, without the white space around it."""
        return str(self.data["employee_ref"]).strip() if "employee_ref" in self.data else None


class Model:
    """Registration as the HR system of one partner knows it, and as the other services hear of it."""

    def __init__(self, *, places: int, contract_ends_on: date) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.receipts: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self._places = places
        self._contract_ends_on = contract_ends_on
        self._messages: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self._erased: dict[str, tuple[int, datetime]] = {}
        self._left_unknown: dict[str, datetime] = {}
        self._numbers = itertools.count()
        self._now = _BEFORE_ALL_TIMES
        self._today = date.min
        self._cause: str | None = None

    def turn_to(self, now: datetime) -> None:
        """It is this moment now; terms that are over end."""
        self._now, self._today, self._cause = now, now.astimezone(THE_HAGUE).date(), None
        for person in self._enrolled():
            term_over = person["ends_on"] + timedelta(days=1) if person["ends_on"] else date.max
            announced = person["leaves_on"] or date.max
            first_day_without = min(term_over, announced)
            if first_day_without > self._today:
                continue
            person["standing"], person["leaves_on"] = "withdrawn", first_day_without
            if announced > term_over:
                self._tell("withdrawn", person, effective_on=first_day_without)

    def forget(self) -> None:
        """Everybody who took part for the last time in a season that ended longer ago than people are kept."""
        self._cause = None
        for ref, person in list(self.people.items()):
            last_day = self._contract_ends_on
            if person["standing"] == "withdrawn":
                last_day = min(last_day, person["leaves_on"] - timedelta(days=1))
            season_ends_in = last_day.year if last_day.month < 9 else last_day.year + 1
            if self._today > date(season_ends_in + RETENTION_YEARS, 8, 31):
                self._erase(ref, self._now)

    def take(self, post: Post) -> None:
        """One message that was delivered."""
        self._cause = post.id
        messages = self._messages.setdefault(post.id, [])
        if (post.type, post.data) in messages:
            return
        messages.append((post.type, post.data))
        if len(messages) > 1:
            self._refuse(post, ("message_id", "message_id_reused"))
        elif post.fault:
            self._refuse(post, post.fault)
        elif post.type == "enrolment.requested":
            self._request(post)
        elif post.employee_ref in self.people:
            self._end(post)
        elif post.type == "enrolment.erased" and post.employee_ref in self._erased:
            self._erase_again(post)
        else:
            left_at = self._left_unknown.get(str(post.employee_ref), _BEFORE_ALL_TIMES)
            self._left_unknown[str(post.employee_ref)] = max(left_at, self._sent_at(post))
            self._refuse(post, ("employee_ref", "unknown_employee"))

    def _request(self, post: Post) -> None:
        said, mailbox = _said(post.data)
        if said["starts_on"] and said["ends_on"] and said["ends_on"] < said["starts_on"]:
            self._refuse(post, ("ends_on", "before_start"))
            return
        known = self.people.get(said["employee_ref"])
        takes_a_place = known is not None and known["standing"] == "enrolled"
        stays = known is not None and takes_a_place and known["leaves_on"] is None
        late: list[tuple[str | None, str]] = []
        if _surely_before(self._sent_at(post), self._erased_at(said["employee_ref"])):
            late = [("employee_ref", "erased_since")]
        elif self._is_superseded(post):
            late = [("employee_ref", "superseded")]
        if known is not None and stays and said.items() <= known.items() and not late:
            self._note_time(known, post)
            self._accept(post, known, "unchanged")
            return
        faults = self._objections(said, mailbox, takes_a_place=takes_a_place) + late
        if faults:
            self._refuse(post, *faults)
            return
        new = {"number": next(self._numbers), "version": 0, "last": _BEFORE_ALL_TIMES}
        person = new if known is None else known
        self._note_time(person, post)
        person |= said | {"mailbox": mailbox, "standing": "enrolled", "leaves_on": None}
        self.people[said["employee_ref"]] = person
        self._tell("changed" if stays else "enrolled", person, **said)
        later = said["starts_on"] is not None and said["starts_on"] > self._today
        self._accept(post, person, "changed" if stays else "scheduled" if later else "enrolled")

    def _objections(self, said: dict[str, Any], mailbox: str, *, takes_a_place: bool) -> list[tuple[str | None, str]]:
        faults: list[tuple[str | None, str]] = []
        if self._contract_ends_on < self._today:
            faults.append((None, "contract_ended"))
        elif said["starts_on"] and said["starts_on"] > self._contract_ends_on:
            faults.append(("starts_on", "starts_after_contract"))
        if said["ends_on"] and said["ends_on"] < self._today:
            faults.append(("ends_on", "already_over"))
        others = [each for each in self._enrolled() if each["employee_ref"] != said["employee_ref"]]
        if mailbox in [each["mailbox"] for each in others]:
            faults.append(("email", "email_in_use"))
        if not takes_a_place and len(others) >= self._places:
            faults.append((None, "no_places_left"))
        return faults

    def _end(self, post: Post) -> None:
        person = self.people[str(post.employee_ref)]
        if self._is_superseded(post):
            self._refuse(post, ("employee_ref", "superseded"))
            return
        self._note_time(person, post)
        if post.type == "enrolment.erased":
            self._erase(str(post.employee_ref), person["last"])
            self._accept(post, person, "erased")
            return
        leaves_on = max(_day(post.data.get("effective_on")) or self._today, self._today)
        if person["standing"] == "withdrawn" or person["leaves_on"] == leaves_on:
            self._accept(post, person, "unchanged")
            return
        later = leaves_on > self._today
        person |= {"standing": "enrolled" if later else "withdrawn", "leaves_on": leaves_on}
        self._tell("withdrawn", person, effective_on=leaves_on)
        self._accept(post, person, "scheduled" if later else "withdrawn")

    def _erase(self, ref: str, asked_at: datetime) -> None:
        person = self.people.pop(ref)
        self._erased[ref] = (person["number"], max(asked_at, self._erased_at(ref)))
        self._tell("erased", person)

    def _erase_again(self, post: Post) -> None:
        number, asked_at = self._erased[str(post.employee_ref)]
        self._erased[str(post.employee_ref)] = (number, max(asked_at, self._sent_at(post)))
        self._accept(post, {"number": number}, "erased")

    def _sent_at(self, post: Post) -> datetime:
        """Nothing was sent later than it arrived, whatever it says."""
        return min(post.told_at or self._now, self._now)

    def _is_superseded(self, post: Post) -> bool:
        """A later message about the employee was there before."""
        ref, sent_at = str(post.employee_ref), self._sent_at(post)
        last = max(
            self._left_unknown.get(ref, _BEFORE_ALL_TIMES), self.people.get(ref, {"last": _BEFORE_ALL_TIMES})["last"]
        )
        return _surely_before(sent_at, last)

    def _note_time(self, person: dict[str, Any], post: Post) -> None:
        person["last"] = max(person["last"], self._sent_at(post))

    def _erased_at(self, ref: str) -> datetime:
        """Returns when it was last asked to forget them; before all times if it never was."""
        return self._erased[ref][1] if ref in self._erased else _BEFORE_ALL_TIMES

    def _enrolled(self) -> list[dict[str, Any]]:
        return [person for person in self.people.values() if person["standing"] == "enrolled"]

    def _tell(self, what: str, person: dict[str, Any], **data: Any) -> None:
        person["version"] += 1
        data.pop("employee_ref", None)
        told = {"type": f"participant.{what}", "number": person["number"], "version": person["version"]}
        self.events.append({**told, "cause": self._cause, **data})

    def _accept(self, post: Post, person: dict[str, Any], outcome: str) -> None:
        about = {"message_id": post.id, "employee_ref": post.employee_ref}
        self.receipts.append({**about, "number": person["number"], "outcome": outcome})

    def _refuse(self, post: Post, *faults: tuple[str | None, str]) -> None:
        self.receipts.append({"message_id": post.id, "employee_ref": post.employee_ref, "errors": set(faults)})


def _said(data: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Returns what is kept of an enrolment, and whose address it has."""
    email, mailbox = ADDRESSES[data["email"]]
    said = {
        "employee_ref": data["employee_ref"].strip(),
        "given_name": data["given_name"].strip(),
        "family_name": data["family_name"].strip(),
        "email": email,
        "language": data.get("language", "nl"),
        "starts_on": _day(data.get("starts_on")),
        "ends_on": _day(data.get("ends_on")),
    }
    return said, mailbox


def _day(written: str | None) -> date | None:
    return None if written in (None, "9999-12-31") else date.fromisoformat(str(written))


def _surely_before(sent_at: datetime, last: datetime) -> bool:
    """Whole seconds may be any moment of theirs, and whole milliseconds too."""
    step = 1_000_000 if sent_at.microsecond == 0 else 1 if sent_at.microsecond % 1000 else 1000
    return sent_at + timedelta(microseconds=step) <= last
