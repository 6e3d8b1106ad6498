"""Metrics of admissions: outcomes of scans and implausible scanner clocks; never who went in."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from ticketing.store.admissions import RecordedScan


class AdmissionMetrics:
    """The counters of scans, in the registry of the service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.scans = Counter(
            "culture_connect_scans",
            "Scans answered, by venue and outcome (admitted, or why not), offline ones and those of implausible clocks",
            ["venue", "outcome", "offline", "clock"],
            registry=registry,
        )

    def count(self, venue: str, scans: Iterable[RecordedScan]) -> None:
        """Counts scans that were judged, repetitions as well."""
        for scan in scans:
            clock = "implausible" if scan.clock_implausible else "plausible"
            self.scans.labels(venue, scan.refusal or "admitted", "yes" if scan.offline else "no", clock).inc()
