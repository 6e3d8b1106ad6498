"""The wire format of every message, frozen: a change here is a change for external clients."""

import json

import pytest

from culture_connect.contracts import Message, read_as
from tests.contracts.messages import GOLDEN, golden_file, kinds, name_of


@pytest.mark.parametrize("kind", kinds(), ids=name_of)
def test_a_golden_message_is_read_and_written_back_the_same(kind: type[Message]) -> None:
    data = golden_file(kind).read_bytes()

    message = read_as([kind], kind.type, data)

    assert message == kind.example()
    assert json.loads(message.to_json()) == json.loads(data)
    assert kind.read(data) == message


def test_there_is_a_golden_file_for_every_message_and_for_nothing_else() -> None:
    assert {path for path in GOLDEN.rglob("*") if path.is_file()} == {golden_file(kind) for kind in kinds()}


@pytest.mark.parametrize("kind", kinds(), ids=name_of)
def test_a_reader_ignores_fields_that_a_later_version_may_add(kind: type[Message]) -> None:
    values = json.loads(golden_file(kind).read_bytes())

    def with_more(value: object) -> object:
        if isinstance(value, list):
            return [with_more(each) for each in value]
        if isinstance(value, dict) and value is not values.get("allotments"):
            return {**{name: with_more(each) for name, each in value.items()}, "added_later": {"deep": [1]}}
        return value

    assert read_as([kind], kind.type, json.dumps(with_more(values)).encode()) == kind.example()


@pytest.mark.parametrize("kind", kinds(), ids=name_of)
def test_a_writer_cannot_add_a_field_that_the_contract_does_not_have(kind: type[Message]) -> None:
    values = {**dict(kind.example()), "e_mail": "x"}

    with pytest.raises(ValueError, match="extra_forbidden"):
        kind(**values)
