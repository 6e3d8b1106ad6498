"""The servers of a test run: processes of this machine, or containers (`CULTURE_CONNECT_TEST_SERVERS`)."""

from tests.support.servers.selection import Kind, Selection
from tests.support.servers.start import new_postgres, new_rabbitmq

__all__ = ["Kind", "Selection", "new_postgres", "new_rabbitmq"]
