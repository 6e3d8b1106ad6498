"""The refusals of registration: each knows its HTTP status, and whether a retry can help."""

from culture_connect.contracts import RefusalError


class Refusal(Exception):
    """A request that cannot be fulfilled; `code` is stable and for programs. No text holds personal data."""

    status: int
    code: str
    title: str

    def __init__(self, detail: str | None = None, errors: tuple[RefusalError, ...] = ()) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.errors = errors


class InvalidRequest(Refusal):
    """A field is wrong, whatever the state of things: the same request never succeeds."""

    status = 422
    code = "invalid-request"
    title = "The request is not valid"


class Unknown(Refusal):
    """The request is about something that does not exist; `what` is its kind, never its identity."""

    status = 404
    code = "not-found"

    def __init__(self, what: str) -> None:
        super().__init__()
        self.title = f"There is no such {what}"


class Conflict(Refusal):
    """The state of things is against it: it may succeed once that has changed."""

    status = 409


class Outdated(Refusal):
    """Somebody changed it since it was read (RFC 9110, 13.1.1): read again, then decide again."""

    status = 412
    code = "precondition-failed"
    title = "It was changed since you read it"


def expect_version(version: int, expected: frozenset[int] | None) -> None:
    """Raises Outdated unless the version is among those `expected` (None: any)."""
    if expected is not None and version not in expected:
        raise Outdated


class SlugTaken(Conflict):
    """There is a partner with this slug already."""

    code = "slug-taken"
    title = "There is a partner with this slug already"


class PartnerHasLeft(Conflict):
    """The partner no longer takes part; registering it again brings it back."""

    code = "partner-left"
    title = "This partner no longer takes part"


class PlacesTaken(Conflict):
    """More people are active than there would be places."""

    code = "places-taken"
    title = "More participants are active than there would be places"


class DayTaken(Conflict):
    """A season has at most one evening on a day (contract, "An evening")."""

    code = "day-taken"
    title = "The season has an evening on this day already"


class EveningIsCancelled(Conflict):
    """An evening that was called off does not change any more."""

    code = "evening-cancelled"
    title = "This evening was called off"


class EnrolmentNotPossible(Refusal):
    """The rules of enrolment are against it; `errors` are those that a receipt would have."""

    status = 422
    code = "enrolment-refused"
    title = "The enrolment is refused"


class FileNotUsable(Refusal):
    """A file of HR cannot be read at all."""

    status = 422
    code = "file-not-usable"
    title = "The file cannot be read"


class ImportRefused(Refusal):
    """Lines of a file of HR are faulty, and it was to be taken whole or not at all."""

    status = 422
    code = "import-refused"
    title = "The file has faulty lines: nothing was changed"


class WithdrawalsNotConfirmed(Conflict):
    """So many people would be withdrawn that it may be the wrong file, or the wrong partner."""

    code = "withdrawals-not-confirmed"
    title = "It would withdraw many participants: nothing was changed"
