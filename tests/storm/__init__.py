"""The whole system, two replicas of each service, under load and under faults that come by lot: see docs/faults.md."""
