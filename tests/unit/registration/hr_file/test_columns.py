"""Columns are known by their names, Dutch or English, however they are written."""

import pytest

from registration.domain.hr_file import FileFault, HrFile
from registration.domain.hr_file.columns import NAMES, field_of
from tests.unit.registration.hr_file.files import HEADER, NOOR, names, read, refused


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("employee_ref", "Personeelsnummer|personeelsnr.|MEDEWERKERNUMMER|medewerkersnummer|Werknemersnummer"),
        ("employee_ref", "employee_ref|Employee ID|Employee number|Employee No.|Staff Number|Personnel-number"),
        ("given_name", "Voornaam|Roepnaam|given_name|Given name|First Name|FIRSTNAME|\u00a0voornaam\u00a0"),
        ("infix", "Tussenvoegsel|tussenvoegsel(s)|Tussenvoegsels|Voorvoegsel|voorvoegsels|infix|Name prefix"),
        ("family_name", "Achternaam|Familienaam|family_name|Family name|Last name|LastName|Surname"),
        ("email", "E-mail|e-mailadres|E-mail adres|email|Email Address|mail|Werkmail|É-mail|E\u2011mail"),
        ("language", "Taal|Voorkeurstaal|Correspondentietaal|language|Preferred language"),
        ("starts_on", "Startdatum|Begindatum|Ingangsdatum|Datum in dienst|Start date|starts_on|Starts on|From"),
        ("ends_on", "Einddatum|Datum uit dienst|End date|ends_on|Ends on|t/m"),
    ],
)
def test_a_column_is_known_by_its_name(field: str, written: str) -> None:
    assert {name: field_of(name) for name in written.split("|")} == dict.fromkeys(written.split("|"), field)


@pytest.mark.parametrize("name", ["", "-", "Naam", "Voornamen", "Voorletters", "Afdeling", "Tot", "Van", "*"])
def test_a_name_that_might_mean_something_else_means_nothing(name: str) -> None:
    assert field_of(name) is None


def test_every_name_is_of_one_field_only() -> None:
    listed = [(name, field) for field, languages in NAMES.items() for names in languages for name in names]
    assert {name: field_of(name) for name, _ in listed} == dict(listed)


def test_columns_may_come_in_any_order_and_between_others() -> None:
    file = read("x;noor@acme.example;de Vries;y;Noor;7", header="Team;Mail;Surname;Kamer;First name;Staff no")
    assert names(file) == ["Noor"]
    assert file.columns == {"employee_ref", "given_name", "family_name", "email"}


def test_the_file_tells_of_which_fields_it_speaks() -> None:
    file = read(header=f"{HEADER};Tussenvoegsel;Taal;Startdatum;Einddatum")
    required = {"employee_ref", "given_name", "family_name", "email"}
    assert file.columns == {*required, "language", "starts_on", "ends_on"}


def test_names_of_other_columns_are_told_shortened_and_once() -> None:
    file = read(header=f"{HEADER}; Afdeling ;{'x' * 101};;Kamer;Kamer;;")
    assert file.ignored_columns == ("Afdeling", "x" * 100, "Kamer")


def test_two_columns_for_one_field_are_both_named() -> None:
    header = f"{HEADER};Werkmail;Roepnaam"
    assert refused(header.encode()) == [("columns", "duplicate_column")] * 2
    with pytest.raises(FileFault) as caught:
        HrFile.read(header.encode())
    messages = {problem.message for problem in caught.value.problems}
    assert "must have one column for email, not “E-mailadres” and “Werkmail”" in messages


def test_every_missing_column_is_named_with_examples_in_both_languages() -> None:
    with pytest.raises(FileFault) as caught:
        HrFile.read(b"Personeelsnummer;Achternaam\n")
    given_name, email = caught.value.problems
    assert (given_name.field, given_name.code) == ("columns", "missing_column")
    assert "given_name" in given_name.message
    for example in ("“e-mailadres”", "“werkmail”", "“email address”"):
        assert example in email.message


def test_a_file_without_header_misses_every_column_and_nobodys_data_is_repeated() -> None:
    with pytest.raises(FileFault) as caught:
        HrFile.read(NOOR.encode())
    assert [problem.code for problem in caught.value.problems] == ["missing_column"] * 4
    said = str(caught.value) + "".join(problem.message for problem in caught.value.problems)
    assert not any(cell in said for cell in NOOR.split(";"))


def test_a_header_of_more_columns_than_any_system_has_is_refused() -> None:
    assert refused(f"{HEADER};{'x;' * 1000}".encode()) == [("columns", "too_long")]
