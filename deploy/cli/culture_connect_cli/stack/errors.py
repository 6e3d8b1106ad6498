"""What can go wrong while a local stack starts."""


class StackError(Exception):
    """The local stack cannot do what was asked; the message tells the person at the keyboard why."""


class StartTimeoutError(StackError):
    """A server was started but did not become ready in time, or ended before it did."""


class InfrastructureMissingError(StackError):
    """No way to get a broker or a database was found; the message names the ways there are."""
