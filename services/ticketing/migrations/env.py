"""Alembic's environment of the schema `ticketing`."""

from culture_connect.messaging.migrations import run_environment

run_environment("ticketing")
