"""Deciding about many messages at once is deciding about them one after the other."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import EnrolmentRequested, Message
from registration.domain.enrolment import Command
from tests.unit.registration.hr import CONTRACT, NOW, TODAY, erasure, request, withdrawal
from tests.unit.registration.registry import Registry

REFS = st.sampled_from(["e-1", "e-2", "e-3", "e-4", "e-5"])
# Few addresses and one place less than people, so that they get into each other's way.
ADDRESSES = st.sampled_from(
    ["ann@acme.example", "Ann@acme.example", "bo@acme.example", "cy@bücher.example", "cy@xn--bcher-kva.example"]
)
DAYS = st.none() | st.integers(-2, 2).map(lambda days: TODAY + timedelta(days=days))
MOMENTS = st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))
COMMANDS = st.one_of(
    st.builds(
        request, REFS, sent_at=MOMENTS, email=ADDRESSES, given_name=st.sampled_from(["Noor", "Eva"]), starts_on=DAYS
    ),
    st.builds(withdrawal, REFS, DAYS, sent_at=MOMENTS),
    st.builds(erasure, REFS, sent_at=MOMENTS),
)


def by_portions(commands: list[Command], sizes: list[int]) -> list[list[Command]]:
    portions = []
    for size in sizes:
        portions.append(commands[:size])
        commands = commands[size:]
    return [portion for portion in [*portions, commands] if portion]


@given(st.lists(COMMANDS, max_size=40), st.lists(st.integers(1, 10), max_size=8))
def test_a_batch_has_the_effects_of_its_messages_one_at_a_time(commands: list[Command], sizes: list[int]) -> None:
    single, batched = Registry(), Registry()
    one_at_a_time = [single.decide([command])[0] for command in commands]
    in_batches = [decision for portion in by_portions(commands, sizes) for decision in batched.decide(portion)]
    assert in_batches == one_at_a_time
    assert batched.rows == single.rows


@given(st.lists(COMMANDS, max_size=60))
def test_the_rules_hold_after_every_message(commands: list[Command]) -> None:
    registry = Registry()
    for command in commands:
        registry.decide([command])
        enrolled = [row for row in registry.rows.values() if row.enrolled]
        addresses = [row.person.email_key for row in enrolled if row.person is not None]
        refs = [row.employee_ref for row in registry.rows.values() if row.employee_ref is not None]
        assert len(enrolled) <= CONTRACT.places
        assert len(set(addresses)) == len(enrolled)
        assert len(set(refs)) == len(refs)


@given(st.lists(COMMANDS, max_size=60))
def test_the_versions_of_a_participant_are_one_two_three(commands: list[Command]) -> None:
    versions: dict[UUID, list[int]] = {}
    for decision in Registry().decide(commands):
        if decision.event is not None:
            versions.setdefault(decision.event.participant_id, []).append(decision.event.version)
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())


@given(st.lists(COMMANDS, max_size=30))
def test_the_same_messages_again_enrol_nobody_twice(commands: list[Command]) -> None:
    requests = [command for command in commands if isinstance(command.message, EnrolmentRequested)]
    last = {command.message.employee_ref: command for command in requests}
    registry = Registry()
    registry.decide(list(last.values()))
    again = registry.decide(list(last.values()))
    events: list[Message] = [decision.event for decision in again if decision.event is not None]
    assert events == []
