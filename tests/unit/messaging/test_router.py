"""Subscribers are declared on a router of FastStream's, which documents them as they are consumed."""

from collections.abc import Sequence

import pytest

from culture_connect.contracts import EnrolmentErased, EnrolmentRequested
from culture_connect.messaging import BatchSubscriber, Delivery, EventRouter, UnitOfWork
from culture_connect.messaging.asyncapi import describe

TEMPLATE = "hr.<partner>.enrolments"


async def enrol(work: UnitOfWork, deliveries: Sequence[Delivery[EnrolmentRequested]]) -> None:
    """Enrols people."""
    del work, deliveries


async def erase(work: UnitOfWork, deliveries: Sequence[Delivery[EnrolmentErased]]) -> None:
    del work, deliveries


@pytest.fixture
def router() -> EventRouter:
    return EventRouter()


@pytest.fixture
def subscriber(router: EventRouter) -> BatchSubscriber:
    return router.batch_subscriber(TEMPLATE, vhost="edge")


def test_a_subscriber_of_single_messages_is_refused_since_nobody_would_call_it(router: EventRouter) -> None:
    with pytest.raises(TypeError, match="batch_subscriber"):
        router.subscriber("registration.events")


def test_each_type_goes_to_its_own_handler(subscriber: BatchSubscriber) -> None:
    assert subscriber(EnrolmentRequested)(enrol) is enrol
    subscriber(EnrolmentErased)(erase)
    assert subscriber.handler_of(EnrolmentRequested.type) is enrol
    assert subscriber.handler_of(EnrolmentErased.type) is erase
    assert subscriber.models == [EnrolmentRequested, EnrolmentErased]
    assert subscriber.model_of("nl.cultureconnect.unknown.v1") is None


def test_a_type_has_one_handler(subscriber: BatchSubscriber) -> None:
    subscriber(EnrolmentRequested)(enrol)
    with pytest.raises(ValueError, match="has a handler already"):
        subscriber(EnrolmentRequested)(erase)


def test_a_template_gives_the_subscriber_of_each_party_with_the_same_handlers(subscriber: BatchSubscriber) -> None:
    acme = subscriber.for_party("acme")
    subscriber(EnrolmentRequested)(enrol)
    assert (acme.queue, acme.vhost, acme.is_template) == ("hr.acme.enrolments", "edge", False)
    assert acme.handler_of(EnrolmentRequested.type) is enrol
    assert (subscriber.queue, subscriber.is_template) == (TEMPLATE, True)


def test_a_party_is_a_slug(subscriber: BatchSubscriber) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        subscriber.for_party("acme.#")


def test_the_document_has_each_queue_with_its_messages_and_what_the_service_publishes(
    router: EventRouter, subscriber: BatchSubscriber
) -> None:
    subscriber(EnrolmentRequested)(enrol)
    subscriber(EnrolmentErased)(erase)
    document = describe("registration", [router])
    assert TEMPLATE in document["channels"]
    assert "core nl.cultureconnect.partner.registered.v1" in document["channels"]
    assert {"EnrolmentRequested", "EnrolmentErased", "PartnerRegistered"} <= document["components"]["schemas"].keys()
    assert document["channels"][TEMPLATE]["description"] == "Enrol: Enrols people.\nErase: "
