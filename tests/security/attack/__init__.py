"""Outsiders at their worst, and a neighbour who must not notice; see docs/faults.md."""
