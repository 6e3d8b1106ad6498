"""Requests in a process whose tracer provider records: prints its spans, one JSON object on a line."""

import asyncio
import sys
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from culture_connect import logs
from tests.unit.http.harness import app_with, client_of
from tests.unit.http.test_trace import CANARY, SPAN, TRACE, router


async def main(tokens: Path) -> None:
    """Asks for a song, a crash and what is not there."""
    logs.configure("INFO")
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    async with client_of(app_with(router, tokens=tokens)) as client:
        await client.get("/songs/told", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        await client.get(f"/songs/{CANARY}/crash?q={CANARY}", headers={"tracestate": CANARY})
        await client.get(f"/nobody/{CANARY}")
    for span in spans.get_finished_spans():
        print(span.to_json(indent=None))  # noqa: T201 - to the test


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
