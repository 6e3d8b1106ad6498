"""The speed of the system, next to bare lines on the same machine: `python -m tests.benchmarks`."""
