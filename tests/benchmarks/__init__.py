"""How fast the system is, next to bare lines on the same machine: `python -m tests.benchmarks`."""
