"""The topology on a running broker: comparison with the code, changes, migration of queues."""
