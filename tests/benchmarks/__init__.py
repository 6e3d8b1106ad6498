"""The speed of the system, next to baselines on the same machine: `python -m tests.benchmarks`."""
