"""The doctor finds the one thing that is wrong with a system."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from culture_connect.messaging.topology import SERVICES, Vhosts
from culture_connect_cli.broker.connection import Broker, BrokerNotGivenError, find_broker
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor import Finding, SystemLocations, find_locations, run_checks
from culture_connect_cli.doctor.broker import check_dead_letter_worker, check_quorum
from tests.unit.cli.fake_system import ADDRESSES, CONSOLE, FakeSystem

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)

Change = Callable[[FakeSystem], None]


async def findings_in(system: FakeSystem) -> Sequence[Finding]:
    checks = await run_checks(system.locations, NOW, transport=system)
    return [finding for checked in checks for finding in checked.findings]


async def test_a_healthy_system_passes_every_check() -> None:
    system = FakeSystem()
    checks = await run_checks(system.locations, NOW, transport=system)
    assert [checked for checked in checks if checked.findings] == []
    assert [checked.passed for checked in checks] == [
        "registration answers at http://registration.example",
        "registration is ready",
        "the events of registration leave for the broker",
        "every destination takes the messages of registration",
        "what registration tries again succeeds",
        "every erasure is in time",
        "ticketing answers at http://ticketing.example",
        "ticketing is ready",
        "the events of ticketing leave for the broker",
        "every destination takes the messages of ticketing",
        "what ticketing tries again succeeds",
        "notifications answers at http://notifications.example",
        "notifications is ready",
        "the events of notifications leave for the broker",
        "every destination takes the messages of notifications",
        "what notifications tries again succeeds",
        "the mail server takes letters",
        "the broker answers at http://console.example:15672",
        "the topology is as the code says",
        "there are no dead letters",
        "dead letters leave the broker's own worker",
        "every queue has room",
        "every client is heard",
        "every queue has its leader and quorum",
        "the broker's feature flags are on",
    ]


async def test_a_service_behind_a_pooler_is_well_and_told_to_be_slower() -> None:
    system = FakeSystem()
    system.listens["ticketing"] = 0.0
    checks = await run_checks(system.locations, NOW, transport=system)
    assert [checked for checked in checks if checked.findings] == []
    assert [checked.passed for checked in checks if "LISTEN" in checked.passed] == [
        "the events of ticketing leave for the broker (through a pooler, without LISTEN: an event waits for up to 1 s)"
    ]


def _problem(system: FakeSystem) -> None:
    system.problems["ticketing"] = ["not connected to the broker"]


def _overdue(system: FakeSystem) -> None:
    system.erasures_overdue = 2


def _one_overdue(system: FakeSystem) -> None:
    system.erasures_overdue = 1


def _waiting(system: FakeSystem) -> None:
    system.outbox_oldest["registration"] = 90.4


_QUARANTINED = (
    "ticketing: 1 message for edge/tickets/paard cannot leave: no queue is bound for it;"
    " it is quarantined and tried every 15 minutes only"
)


def _full(system: FakeSystem) -> None:
    system.lanes["edge/tickets/paard"] = ("retrying", "refused", 12)


def _unroutable(system: FakeSystem) -> None:
    system.lanes["edge/tickets/paard"] = ("quarantined", "unroutable", 1)


def _unsendable(system: FakeSystem) -> None:
    system.unsendable = 1


def _warning(system: FakeSystem) -> None:
    system.warnings["registration"] = ["not consuming hr.acme.enrolments: cannot be consumed (TimeoutError)"]


def _in_vain(system: FakeSystem) -> None:
    system.retries["ticketing.events"] = (3, 301.0)


def _no_mail(system: FakeSystem) -> None:
    system.mail_server_failures = 3


def _silent_mail(system: FakeSystem) -> None:
    system.mail_dialogue_seconds = 12.3


def _dead(system: FakeSystem) -> None:
    system.queues["ticketing.dead@edge"]["messages"] = 3


def _unread(system: FakeSystem) -> None:
    system.queues["hr.acme.enrolments@edge"] |= {"messages": 1, "consumers": 0}


def _unread_door(system: FakeSystem) -> None:
    system.queues["box-office.paard.admissions@edge"] |= {"messages": 7, "consumers": 0}


def _full_queue(name: str, **told: object) -> Change:
    return lambda system: system.queues[name].update(told)


def _upgraded_broker(system: FakeSystem) -> None:
    system.feature_flags["stream_queue"] = "disabled"


def _no_quorum(system: FakeSystem) -> None:
    system.queues["ticketing.events@core"]["online"] = ["one"]


def _member_away(system: FakeSystem) -> None:
    system.queues["ticketing.events@core"] |= {
        "leader": "rabbit@one",
        "members": ["rabbit@one", "rabbit@two", "rabbit@three"],
        "online": ["rabbit@one", "rabbit@two"],
    }


def _no_leader(system: FakeSystem) -> None:
    system.queues["ticketing.events@core"]["online"] = ["two", "three"]


def _no_election(system: FakeSystem) -> None:
    system.queues["ticketing.events@core"]["leader"] = None


def _minority(system: FakeSystem) -> None:
    system.queues["ticketing.events@core"]["state"] = "down"


def _missing_queue(system: FakeSystem) -> None:
    rows = system.definitions["queues"]
    rows.remove(next(row for row in rows if row["name"] == "hr.acme.receipts"))


@pytest.mark.parametrize(
    ("change", "told", "remedy"),
    [
        (_problem, "ticketing is not ready: not connected to the broker", "log says more"),
        (_overdue, "registration: 2 erasures are not completed after 24 hours", "GET /erasures/"),
        (_one_overdue, "registration: 1 erasure is not completed after 24 hours", "GET /erasures/"),
        (_waiting, "registration: events wait for the broker since 2026-11-20 18:58:29+00:00", "the broker takes"),
        (
            _full,
            "ticketing: 12 messages for edge/tickets/paard cannot leave: its queue is full",
            "see that the client reads its queue",
        ),
        (
            _unroutable,
            _QUARANTINED,
            "`culture-connect outbox release edge/tickets/paard`",
        ),
        (_unsendable, "ticketing: 1 message can never be sent", "`culture-connect outbox list`"),
        (
            _warning,
            "registration: not consuming hr.acme.enrolments: cannot be consumed (TimeoutError)",
            "it goes on by itself",
        ),
        (
            _in_vain,
            "ticketing: 3 messages wait for another try in ticketing.events, the first for 5 min",
            "delivery failed",
        ),
        (_no_mail, "notifications: the mail server cannot be reached, 3 times in a row", "SMTP_HOST"),
        (_silent_mail, "notifications: the mail server has kept a letter waiting for 12 s", "SMTP_HOST"),
        (_dead, "queue ticketing.dead in edge holds 3 dead letters", "cc-dead-reason"),
        (_unread, "partner acme's messages wait (1 message): is the partner registered?", "POST /partners"),
        (_unread_door, "the messages of paard's box office wait (7 messages)", "ticketing is ready"),
        (
            _full_queue(
                "hr.acme.receipts@edge",
                messages=41_000,
                message_bytes=12 * 1024 * 1024,
                effective_policy_definition={"max-length": 50_000, "max-length-bytes": 64 * 1024 * 1024},
            ),
            "queue hr.acme.receipts in edge is 82% full: 41,000 of 50,000 messages",
            "have the client read its queue",
        ),
        (
            _full_queue(
                "hr.acme.receipts@edge",
                messages=150_000,
                messages_unacknowledged=140_000,
                effective_policy_definition={"max-length": 50_000},
            ),
            (
                "queue hr.acme.receipts in edge is 300% full: 150,000 of 50,000 messages, "
                "140,000 of them taken and not acknowledged"
            ),
            "have the client read its queue",
        ),
        (
            _full_queue("hr.acme.enrolments@edge", messages=20_000),
            "queue hr.acme.enrolments in edge is 100% full: 20,000 of 20,000 messages",
            "its client is refused",
        ),
        (
            _full_queue(
                "box-office.paard.admissions@edge",
                message_bytes=60 * 1024 * 1024,
                effective_policy_definition={"max-length-bytes": 64 * 1024 * 1024},
            ),
            "queue box-office.paard.admissions in edge is 94% full: 60.0 of 64.0 MiB",
            "its client is refused",
        ),
        (
            _full_queue(
                "ticketing.dead@core", message_bytes=900, effective_policy_definition={"max-length-bytes": 1000}
            ),
            "queue ticketing.dead in core is 90% full: 0.0 of 0.0 MiB",
            "see to the dead letters",
        ),
        (
            _upgraded_broker,
            "1 feature flag of the broker is off: stream_queue",
            "once every node has the new release: `rabbitmqctl enable_feature_flag all`",
        ),
        (_no_quorum, "queue ticketing.events in core has no quorum: 1 of its 3 members are there", "start the nodes"),
        (
            _member_away,
            "queue ticketing.events in core is without its member on three, and has its quorum",
            "start the nodes",
        ),
        (_no_leader, "queue ticketing.events in core has no leader", "ra:trigger_election"),
        (_no_election, "queue ticketing.events in core has no leader", "ra:trigger_election"),
        (_minority, "queue ticketing.events in core has no leader", "ra:trigger_election"),
        (_missing_queue, "queue hr.acme.receipts in edge is missing", "topology apply"),
    ],
)
async def test_one_thing_that_is_wrong_is_told_with_what_to_do(change: Change, told: str, remedy: str) -> None:
    system = FakeSystem()
    change(system)
    [finding] = await findings_in(system)
    assert finding.what == told
    assert finding.remedy is not None
    assert remedy in finding.remedy


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_that_is_away_is_named_and_the_others_are_still_looked_at(service: str) -> None:
    system = FakeSystem()
    system.away.add(f"{service}.example")
    _dead(system)
    found = await findings_in(system)
    away = f"{service} does not answer at http://{service}.example (ConnectError)"
    assert Finding(away, "start it, or correct its address; its log says why it stopped") in found
    assert Finding(f"it is not known whether {service} is ready: {away}") in found
    assert any("dead letters" in finding.what for finding in found)
    assert all(service in finding.what for finding in found if "dead letters" not in finding.what)


async def test_a_broker_that_is_away_is_named_and_the_services_are_still_looked_at() -> None:
    system = FakeSystem()
    system.away.add("console.example")
    _problem(system)
    found = await findings_in(system)
    away = f"no broker answers at {CONSOLE}: ConnectError"
    assert [finding.what for finding in found if finding.remedy] == [
        "ticketing is not ready: not connected to the broker",
        away,
    ]
    assert Finding(f"it is not known whether there are no dead letters: {away}") in found


async def test_a_password_that_the_broker_refuses_is_told() -> None:
    system = FakeSystem()
    refusal = httpx.Response(401, json={"reason": "Login failed"})
    system.pages = {f"{CONSOLE}/api/overview": refusal}
    [finding] = await findings_in(system)
    assert finding.what == f"{CONSOLE} refuses the account administrator: Login failed"


async def test_what_is_no_service_of_ours_does_not_pass_for_one() -> None:
    system = FakeSystem()
    welcome = httpx.Response(200, text="<h1>Welcome</h1>")
    paths = ("/health/live", "/health/ready", "/metrics")
    system.pages = {ADDRESSES["notifications"] + path: welcome for path in paths}
    what = [finding.what for finding in await findings_in(system)]
    not_known, unreadable = "it is not known whether", "the metrics of notifications cannot be read"
    assert what == [
        "notifications: no service of ours answers at http://notifications.example (HTTP 200)",
        "notifications is not ready and does not say why (HTTP 200)",
        f"{not_known} the events of notifications leave for the broker: {unreadable}",
        f"{not_known} every destination takes the messages of notifications: {unreadable}",
        f"{not_known} what notifications tries again succeeds: {unreadable}",
        f"{not_known} the mail server takes letters: {unreadable}",
    ]


async def test_what_is_no_broker_does_not_pass_for_one() -> None:
    system = FakeSystem()
    welcome = httpx.Response(200, text="<h1>Welcome</h1>")
    paths = ("overview", "definitions", "queues/core", "queues/edge")
    system.pages = {f"{CONSOLE}/api/{path}": welcome for path in paths}
    found = await findings_in(system)
    assert len(found) == 7
    assert all(f"what answers at {CONSOLE} is no broker" in finding.what for finding in found)


async def test_a_figure_that_a_service_does_not_tell_is_not_taken_for_good() -> None:
    system = FakeSystem()
    system.pages = {f"{ADDRESSES['registration']}/metrics": httpx.Response(200, text="")}
    what = [finding.what for finding in await findings_in(system)]
    assert len(what) == 2
    assert "does not have the metric culture_connect_outbox_oldest_seconds" in what[0]
    assert "does not have the metric culture_connect_erasures_overdue" in what[1]


async def test_figures_are_read_on_the_port_that_they_have_of_their_own() -> None:
    system = FakeSystem()
    for service, address in ADDRESSES.items():
        system.pages[f"{address}:9000/metrics"] = httpx.Response(200, text=system.metrics_of(service))
        system.pages[f"{address}/metrics"] = httpx.Response(404)
    locations = replace(system.locations, metrics_port=9000)
    found = [checked.findings for checked in await run_checks(locations, NOW, transport=system)]
    assert not any(found), found


async def test_an_event_that_waits_for_a_minute_is_not_worth_a_word() -> None:
    system = FakeSystem()
    system.outbox_oldest["ticketing"] = 60.0
    assert await findings_in(system) == []


async def test_many_differences_of_the_topology_are_counted() -> None:
    system = FakeSystem()
    system.definitions["bindings"] = []
    system.definitions["exchanges"] = []
    found = await findings_in(system)
    assert len(found) == 21
    assert found[-1].what.endswith("more differences")
    assert found[-1].remedy == "`culture-connect topology verify`"


async def test_a_queue_that_says_nothing_is_looked_at_again_before_it_counts_as_leaderless() -> None:
    system = FakeSystem()
    del system.queues["hr.acme.enrolments@edge"]["state"]
    async with Management(CONSOLE, "administrator", "secret", transport=system) as management:
        [finding] = await check_quorum(management, Vhosts(), pause=0)
    assert finding.what == "queue hr.acme.enrolments in edge has no leader"
    assert system.looks_at_queues == 4


async def test_a_queue_with_too_few_members_is_told_and_a_new_one_that_gets_them_is_not() -> None:
    system = FakeSystem()
    queue = system.queues["ticketing.events@core"]
    queue |= {"leader": "one", "members": ["one"], "online": ["one"]}
    async with Management(CONSOLE, "administrator", "secret", transport=system) as management:
        [finding] = await check_quorum(management, Vhosts(), pause=0)
        assert finding.what == "queue ticketing.events in core has 1 member and should have 3"
        assert system.looks_at_queues == 4
        queue |= {"members": ["one", "two", "three"], "online": ["one", "two", "three"]}
        assert await check_quorum(management, Vhosts(), pause=0) == []


async def test_dead_letters_that_stay_in_the_brokers_worker_are_told_and_those_on_their_way_are_not() -> None:
    system = FakeSystem()
    system.queues["ticketing.events@core"]["messages_dlx"] = 3
    async with Management(CONSOLE, "administrator", "secret", transport=system) as management:
        [finding] = await check_dead_letter_worker(management, Vhosts(), pause=0)
        assert finding.what == "3 dead letters of queue ticketing.events in core stay in the broker's own worker"
        assert system.looks_at_queues == 4
        system.looks_at_queues = 0
        system.queues["ticketing.events@core"]["messages_dlx"] = 0
        assert await check_dead_letter_worker(management, Vhosts(), pause=60) == []
    assert system.looks_at_queues == 2


async def test_a_login_in_an_address_is_not_printed() -> None:
    system = FakeSystem()
    system.away.add("registration.example")
    services = {**ADDRESSES, "registration": "http://guard:hidden@registration.example"}
    checks = await run_checks(SystemLocations(services, system.locations.broker), NOW, transport=system)
    assert "hidden" not in str(checks)


@pytest.mark.parametrize("address", ["registration", "http://[", "ftp://registration.example"])
async def test_an_address_that_is_none_is_told(address: str) -> None:
    system = FakeSystem()
    broker = Broker(address, "administrator", "secret", "console.example", 5672)
    checks = await run_checks(SystemLocations(dict.fromkeys(SERVICES, address), broker), NOW)
    assert [checked for checked in checks if not checked.findings] == []
    assert system.looks_at_queues == 0


async def test_what_is_not_known_is_told_with_the_option_that_names_it(tmp_path: Path) -> None:
    def nowhere() -> Broker:
        raise BrokerNotGivenError("which broker?")

    system = find_locations({"ticketing": ADDRESSES["ticketing"]}, nowhere, tmp_path / "stack.json")
    found = [
        finding for checked in await run_checks(system, NOW, transport=FakeSystem()) for finding in checked.findings
    ]
    assert [finding.what for finding in found] == [
        "the address of registration is not known",
        "the address of notifications is not known",
        "the broker cannot be checked: which broker?",
    ]
    assert found[0].remedy is not None
    assert "--registration-url (or CULTURE_CONNECT_REGISTRATION_URL)" in found[0].remedy


def test_the_local_stack_is_found_by_its_description_and_an_option_goes_before_it(tmp_path: Path) -> None:
    description = tmp_path / "stack.json"
    amqp = {"host": "127.0.0.1", "port": 5672, "management_url": CONSOLE}
    account = {"username": "administrator", "password": "secret", "vhost": "/"}
    described = {"http": ADDRESSES, "amqp": amqp, "accounts": {"administrator": account}}
    description.write_text(json.dumps(described))

    def broker() -> Broker:
        return find_broker(environment={"CULTURE_CONNECT_HOME": str(tmp_path)})

    system = find_locations({"ticketing": "http://elsewhere.example"}, broker, description)
    assert system.services == {**ADDRESSES, "ticketing": "http://elsewhere.example"}
    assert isinstance(system.broker, Broker)
    assert system.broker.management_url == CONSOLE


def test_a_description_that_is_damaged_is_no_reason_to_stop(tmp_path: Path) -> None:
    description = tmp_path / "stack.json"
    description.write_text('{"http": ')
    system = find_locations({}, lambda: find_broker(environment={"CULTURE_CONNECT_HOME": str(tmp_path)}), description)
    assert system == SystemLocations({}, f"neither its address nor {description} can be read: JSONDecodeError")
