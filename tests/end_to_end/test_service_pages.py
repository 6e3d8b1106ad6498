"""Health, metrics and documents of every service, and who may read them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext
from prometheus_client.parser import text_string_to_metric_families

from culture_connect.messaging.topology import SERVICES
from tests.support.browser import chromium, window
from tests.support.external_clients import send_until_confirmed
from tests.support.probes import eventually
from tests.support.reference_page import Watch, open_reference
from tests.support.system import System, enrolments, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]
every_service = pytest.mark.parametrize("service", SERVICES)

INBOUND = {
    "registration": {"registration.events", "hr.<partner>.enrolments"},
    "ticketing": {"ticketing.events", "box-office.<venue>.admissions"},
    "notifications": {"notifications.events"},
}
OUTBOUND = {
    "registration": {"enrolment.accepted", "participant.enrolled", "evening.scheduled"},
    "ticketing": {"ticket.issued", "admission.refused"},
    "notifications": {"mail.undeliverable"},
}
# A route of each service that needs a token, and a token that is not enough for it.
GUARDED = {
    "registration": ("/partners", "box-office.paard"),
    "ticketing": ("/evenings/5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01", "box-office.paard"),
    "notifications": ("/letters", "box-office.paard"),
}
# Method and path of each operation on the reference page, whose layout breaks long paths with invisible characters.
SHOWN = """summaries => summaries.map(each => [
    each.querySelector(".opblock-summary-method").textContent,
    each.querySelector(".opblock-summary-path").dataset.path,
])"""


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[BrowserContext]:
    """A window of a desk."""
    chromium()
    async with window(1280) as context:
        yield context


@every_service
async def test_a_service_that_works_says_that_it_lives_and_is_ready(system: System, service: str) -> None:
    assert (await system.request("GET", service, "/health/live")).json() == {"status": "alive"}
    ready = {"status": "ready", "problems": [], "warnings": []}
    assert (await system.request("GET", service, "/health/ready")).json() == ready


async def test_a_service_whose_database_is_away_lives_and_says_what_is_missing(system: System) -> None:
    async with system.without("postgres", killed=True):
        for service in SERVICES:
            assert (await system.request("GET", service, "/health/live")).status_code == 200
            answer = await system.request("GET", service, "/health/ready")
            assert answer.status_code == 503
            assert any("database" in problem for problem in answer.json()["problems"])

    async def unready() -> list[str]:
        answers = {service: await system.request("GET", service, "/health/ready") for service in SERVICES}
        return [service for service, answer in answers.items() if answer.status_code != 200]

    await eventually(unready, [], "services that are not ready", timeout=30)


async def test_metrics_count_the_messages_that_went_through(system: System) -> None:
    day = in_days(141)
    hr = await system.add_partner("counted", places=3)
    await system.schedule("paard", day, capacity=3)
    before = {service: await deliveries(system, service) for service in SERVICES}
    await send_until_confirmed(hr, enrolments("counted", 3, only_on=day))

    async def still_uncounted() -> list[str]:
        return [service for service in SERVICES if await deliveries(system, service) < before[service] + 3]

    await eventually(still_uncounted, [], "services that have not counted what went through them", timeout=30)


@pytest.mark.timeout(60, func_only=True)  # without the time that installing the browser may take
@every_service
async def test_the_reference_page_lists_every_operation_and_loads_nothing_from_elsewhere(
    system: System, service: str, browser: BrowserContext
) -> None:
    document = (await system.request("GET", service, "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert GUARDED[service][0].split("/")[1] in " ".join(document["paths"])
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}

    page, watch = await open_reference(browser, system.stack.urls[service])
    shown = await page.locator(".opblock-summary").evaluate_all(SHOWN)
    assert {(method, path) for method, path in shown} == operations
    assert watch == Watch()


@every_service
async def test_the_asyncapi_document_names_the_queues_and_the_messages(system: System, service: str) -> None:
    document = (await system.request("GET", service, "/asyncapi.json")).json()
    assert document["asyncapi"].startswith("3.")
    text = str(document)
    assert [queue for queue in INBOUND[service] if queue not in text] == []
    assert [type_ for type_ in OUTBOUND[service] if f"nl.cultureconnect.{type_}.v1" not in text] == []


@every_service
async def test_only_a_known_token_with_the_right_scope_is_let_in(system: System, service: str) -> None:
    path, weak = GUARDED[service]
    nobody = await system.request("GET", service, path)
    stranger = await system.request("GET", service, path, headers={"Authorization": "Bearer guessed"})
    too_weak = await system.request("GET", service, path, headers=system.headers(weak))
    right = await system.request("GET", service, path, headers=system.headers("programme"))
    assert [each.status_code for each in (nobody, stranger, too_weak)] == [401, 401, 403]
    for answer in (nobody, stranger, too_weak):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["status"] == answer.status_code
    assert right.status_code in (200, 404)


async def deliveries(system: System, service: str) -> float:
    """Returns the number of messages that the service has handled so far, by its metrics."""
    page = (await system.request("GET", service, "/metrics")).text
    samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
    return sum(
        sample.value
        for sample in samples
        if sample.name == "culture_connect_deliveries_total" and sample.labels["outcome"] == "handled"
    )
