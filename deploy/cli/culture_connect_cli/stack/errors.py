"""Errors of the local stack."""


class StackError(Exception):
    """The local stack failed; the message says why."""


class StartTimeoutError(StackError):
    """A server did not become ready in time, or ended before it did."""


class InfrastructureMissingError(StackError):
    """A broker or database cannot be provided; the message names the ways to do so."""
