"""Samples of a service's Prometheus metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

from culture_connect_cli.doctor.check import CheckError
from culture_connect_cli.doctor.service import Service

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


async def read_samples(service: Service) -> Mapping[str, Sequence[Sample]]:
    """All samples by name. Raises CheckError when the metrics cannot be read."""
    answer = await service.metrics()
    if answer.status_code != HTTPStatus.OK:
        raise CheckError(f"{service.name} does not show its metrics (HTTP {answer.status_code})")
    samples: dict[str, list[Sample]] = {}
    try:
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    except (ValueError, KeyError):
        raise CheckError(f"the metrics of {service.name} cannot be read") from None
    return samples


async def highest_value(service: Service, name: str) -> float:
    """The highest value of a metric. Raises CheckError when it is missing."""
    found = (await read_samples(service)).get(name)
    if not found:
        raise CheckError(f"{service.name} does not have the metric {name}; its version may differ from this command's")
    return float(max(value for _, value in found))
