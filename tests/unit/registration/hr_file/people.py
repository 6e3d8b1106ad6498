"""People as the contract allows them, as strangely as it does."""

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st

from culture_connect.contracts import EnrolmentRequested

People = list[EnrolmentRequested]

# Everyday letters, what has a meaning in CSV and spreadsheets, and anything else at all.
SIGNS = "abcdéëöÅß'’=+-@;,\" .()"
# Invisible ones that a name may have, and signs of full width, which some programs take for their narrow brothers.
STRANGE = f"{SIGNS}\uff1d\uff0b\uff0d\uff20\u200b\u200d\u2060\ufeff\u00a0\u00ad\t"
_TEXTS = st.text(st.sampled_from(SIGNS) | st.sampled_from(STRANGE), min_size=1) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"]), min_size=1
)


def _fits(values: dict[str, object]) -> bool:
    try:
        EnrolmentRequested.model_validate(values)
    except ValueError:
        return False
    return True


def _starting_first(values: dict[str, object]) -> dict[str, object]:
    """The same, its days the other way round where it ends before it starts."""
    starts_on, ends_on = values["starts_on"], values["ends_on"]
    if isinstance(starts_on, date) and isinstance(ends_on, date) and ends_on < starts_on:
        return {**values, "starts_on": ends_on, "ends_on": starts_on}
    return values


def people(texts: st.SearchStrategy[str]) -> st.SearchStrategy[People]:
    """Lists of valid requests whose names and references are made of these texts."""
    days = st.none() | st.dates(date(1900, 1, 1), date(9999, 12, 30))
    one: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
        {
            "employee_ref": texts.map(lambda text: text[:60]),
            "given_name": texts,
            "family_name": texts,
            "email": st.sampled_from(["noor@acme.example", "+Noor@acme.example", "-a'b@acme.example", "=é@b.example"]),
            "language": st.sampled_from(["nl", "en"]),
            "starts_on": days,
            "ends_on": days,
        }
    )
    valid = one.map(_starting_first).filter(_fits).map(EnrolmentRequested.model_validate)
    return st.lists(valid, max_size=5)


PEOPLE = people(_TEXTS)


def cells_of(person: EnrolmentRequested) -> Sequence[str]:
    """The cells of an export, in the order of its header."""
    days = ("" if day is None else day.isoformat() for day in (person.starts_on, person.ends_on))
    return [person.employee_ref, person.given_name, person.family_name, person.email, person.language, *days]
