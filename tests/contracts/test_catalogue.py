"""The catalogue knows every message and every way it goes."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator, FormatChecker

import culture_connect.contracts
from culture_connect.contracts import (
    CATALOGUE,
    CHANNELS,
    MESSAGES,
    CatalogueEntry,
    Channel,
    FeedTicketIssued,
    Message,
    TicketIssued,
    Venue,
    full_type,
    models_of,
)
from culture_connect.contracts.docs.schemas import schema_of
from culture_connect.contracts.problems import _CODES, CODES
from tests.contracts.messages import kinds


def test_the_catalogue_has_every_message() -> None:
    assert {entry.model for entry in CATALOGUE} == set(kinds())
    assert {model for models in MESSAGES.values() for model in models} == set(kinds())


def test_every_message_is_exported() -> None:
    assert all(getattr(culture_connect.contracts, kind.__name__) is kind for kind in kinds())


def test_a_type_has_one_form_on_each_way() -> None:
    for channel in CHANNELS:
        on_it = {entry.model for entry in CATALOGUE if entry.channel == channel}
        assert set(models_of(channel).values()) == on_it


def test_tickets_look_different_to_services_and_box_offices() -> None:
    assert models_of("core")[TicketIssued.type] is TicketIssued
    assert models_of("tickets")[TicketIssued.type] is FeedTicketIssued
    assert MESSAGES[TicketIssued.type] == (FeedTicketIssued, TicketIssued)


def test_every_channel_is_in_the_catalogue() -> None:
    assert set(get_args(Channel)) == set(CHANNELS) == {entry.channel for entry in CATALOGUE}


def test_what_box_offices_hear_names_no_participant() -> None:
    private = {"participant_id", "employee_ref", "email", "given_name", "family_name"}

    for model in models_of("tickets").values():
        assert not private & set(model.model_fields)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry.vhost} {entry.routing_key} {entry.publisher}")
def test_a_row_of_the_catalogue_says_what_it_means_and_where_it_goes(entry: CatalogueEntry) -> None:
    assert entry.meaning.endswith(".")
    assert entry.consumers
    if entry.vhost == "core":
        assert re.fullmatch(r"[a-z-]+\.[a-z-]+(\.<[a-z]+>)?", entry.routing_key)


@pytest.mark.parametrize(
    "entry", CATALOGUE, ids=lambda entry: f"{entry.vhost} {entry.model.short_type} {entry.publisher}"
)
def test_the_published_schema_is_valid_and_fits_the_message(entry: CatalogueEntry) -> None:
    schema = schema_of(entry)
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema, format_checker=FormatChecker()).validate(entry.model.example().model_dump(mode="json"))


def test_a_routing_key_ends_with_the_scope_where_there_is_one() -> None:
    assert TicketIssued.routing_key(Venue.PAARD) == "ticket.issued.paard"
    assert TicketIssued.routing_key(None) == "ticket.issued"


def test_a_message_cannot_have_a_type_that_the_contract_would_not_know() -> None:
    with pytest.raises(TypeError, match="not a type of the contract"):
        type("Odd", (Message,), {"type": "ticket.issued", "__module__": __name__, "__annotations__": {}})


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("enrolment.requested", "nl.cultureconnect.enrolment.requested.v1"),
        ("nl.cultureconnect.enrolment.requested.v1", "nl.cultureconnect.enrolment.requested.v1"),
        ("nl.cultureconnect.enrolment.requested.v2", "nl.cultureconnect.enrolment.requested.v2"),
        ("anything", "anything"),
    ],
)
def test_a_short_type_stands_for_its_first_version(name: str, full: str) -> None:
    assert full_type(name) == full


def test_every_code_that_a_sender_may_get_is_documented() -> None:
    trees = [ast.parse(path.read_text()) for path in Path(culture_connect.contracts.__file__).parent.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    refusing = {"rule", "problem", "refuse", "_refuse", "_written", "_Doubtful"}

    for call in nodes:
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in refusing:
            texts = {each.value for each in call.args if isinstance(each, ast.Constant)}
            assert not texts or texts & set(CODES), ast.unparse(call)
    assert {code for code, _ in _CODES.values()} <= set(CODES)


def test_no_code_is_documented_that_nobody_gets() -> None:
    sources = "".join(path.read_text() for path in Path(culture_connect.contracts.__file__).parent.glob("*.py"))

    assert [code for code in CODES if sources.count(f'"{code}"') < 2] == []
