"""Alembic's environment of the schema `notifications`."""

from culture_connect.messaging.migrations import run_environment

run_environment("notifications")
