"""A file is read the same whatever programme saved it, or it is said on which line it cannot be."""

import codecs

import pytest

from registration.domain.hr_file import HrFile
from tests.unit.registration.hr_file.files import HEADER, NOOR, names, refused

TEXT = f"{HEADER}\r\n7;Zoë;Özgür;zoe@acme.example\r\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
        codecs.BOM_UTF8 + TEXT.encode("utf-8-sig"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "little-endian", "big-endian", "windows-1252", "two marks"],
)
def test_accents_survive_every_encoding_that_excel_writes(data: bytes) -> None:
    assert names(HrFile.read(data)) == ["Zoë"]


def test_windows_1252_is_not_latin_1() -> None:
    assert names(HrFile.read(f"{HEADER}\n7;Š’n €;X;x@acme.example\n".encode("cp1252"))) == ["Š’n €"]


@pytest.mark.parametrize(
    "name",
    [
        "René",
        "Zoë",
        "Müller",
        "Köhler",
        "García",
        "François",
        "Åse",
        "Núñez",
        "Élodie",
        "Jérôme",
        "László",
        "Søren",
        "Muñoz",
        "Weiß",
    ],
)
def test_a_file_that_a_mac_saved_is_refused_rather_than_read_as_other_names(name: str) -> None:
    data = f"{HEADER}\r\n{NOOR}\r\n7;{name};Visser;x@acme.example\r\n".encode("mac-roman")
    assert refused(data) == [("line 3", "unknown_encoding")]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "René",
            "Zoë",
            "Müller",
            "d’Hondt",
            "in ’t Veld",
            "Miloš Köhler",
            "Žan",
            "Œuvré",
            "“Bo” – de Wit",
            "’s-Graven",
        ),
        *("Šárka Žižková", "O’Brien", "Ÿves", "€ 5", "Zoë Jansen–de Boer", "Bo…"),
    ],
)
def test_what_windows_saved_is_not_taken_for_a_macs(name: str) -> None:
    assert names(HrFile.read(f"{HEADER}\n7;{name};X;x@acme.example\n".encode("cp1252"))) == [name]


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_a_byte_that_windows_1252_does_not_have_is_named_with_its_line(byte: bytes) -> None:
    data = f"{HEADER}\r\n{NOOR}\r\n7;Zo".encode() + byte + b";X;x@acme.example\r\n"
    assert refused(data) == [("line 3", "unknown_encoding")]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_nul_character_is_named_with_its_line(encoding: str, line_end: str) -> None:
    text = line_end.join([HEADER, NOOR, "7;Z\0e;X;x@acme.example"])
    assert refused(text.encode(encoding)) == [("line 3", "nul_character")]


def test_utf_16_without_its_mark_is_refused_for_its_nul_characters() -> None:
    assert refused(TEXT.replace("ë", "e").replace("Ö", "O").replace("ü", "u").encode("utf-16-le")) == [
        ("line 1", "nul_character")
    ]


def test_utf_16_that_ends_in_the_middle_of_a_character_is_refused_at_that_line() -> None:
    assert refused(TEXT.encode("utf-16")[:-9]) == [("line 2", "unknown_encoding")]


def test_utf_8_with_a_name_cut_off_in_the_middle_of_a_character_is_not_taken_for_windows_1252() -> None:
    cut = "8;Chloé".encode()[:-1] + b";X;x@acme.example\r\n"
    assert refused(TEXT.encode() + cut) == [("line 3", "not_utf8")]
    assert refused(f"{HEADER}\r\n".encode("utf-8-sig") + cut) == [("line 2", "not_utf8")]


@pytest.mark.parametrize("data", [b"", b"\r\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b" ;\t\n\n;;\n", b"sep=;\r\n"])
def test_a_file_without_any_text_is_empty(data: bytes) -> None:
    assert refused(data) == [(None, "empty_file")]


def test_a_file_with_only_a_header_has_no_rows() -> None:
    file = HrFile.read(HEADER.encode())
    assert (file.count(), list(file.rows())) == (0, [])
