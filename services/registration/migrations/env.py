"""Alembic's environment of the schema `registration`."""

from culture_connect.messaging.migrations import run_environment

run_environment("registration")
