"""The broker: where it is, its management API and its definitions."""
