"""What a service tells under /metrics, by the names of its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

from culture_connect_cli.doctor.check import CannotLook
from culture_connect_cli.doctor.service import Service

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


async def read(service: Service) -> Mapping[str, Sequence[Sample]]:
    """All samples by name. Raises CannotLook when the service does not show them as it should."""
    answer = await service.metrics()
    if answer.status_code != HTTPStatus.OK:
        raise CannotLook(f"{service.name} does not show its figures (HTTP {answer.status_code})")
    samples: dict[str, list[Sample]] = {}
    try:
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    except (ValueError, KeyError):
        raise CannotLook(f"the figures of {service.name} cannot be read") from None
    return samples


async def highest(service: Service, name: str) -> float:
    """The highest value of a figure. Raises CannotLook when the service does not tell it."""
    found = (await read(service)).get(name)
    if not found:
        raise CannotLook(f"{service.name} does not tell {name}; its version may differ from this command's")
    return float(max(value for _, value in found))
