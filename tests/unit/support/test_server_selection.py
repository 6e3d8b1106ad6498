"""The variables that choose the servers of a test run."""

import pytest

from tests.support.servers import Kind, Selection
from tests.support.servers.selection import POSTGRES, SERVERS, SelectionError

DATABASE = "CULTURE_CONNECT_STACK_POSTGRES_URL"


def test_without_variables_servers_are_processes() -> None:
    assert Selection.read({}).kind is Kind.PROCESSES
    assert Selection.read({SERVERS: ""}).kind is Kind.PROCESSES


def test_containers_have_the_newest_postgresql_unless_another_is_named() -> None:
    assert Selection.read({SERVERS: "containers"}) == Selection(Kind.CONTAINERS, "18")
    assert Selection.read({SERVERS: "containers", POSTGRES: "17"}) == Selection(Kind.CONTAINERS, "17")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({SERVERS: "container"}, f"{SERVERS}=container: expected processes or containers"),
        ({SERVERS: "containers", POSTGRES: "16"}, f"{POSTGRES}=16: expected 18 or 17"),
        ({POSTGRES: "17"}, f"{POSTGRES}=17 is for {SERVERS}=containers"),
        ({SERVERS: "containers", DATABASE: "postgresql://boss@db.example/postgres"}, "names servers: give one of them"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_expected(environment: dict[str, str], told: str) -> None:
    with pytest.raises(SelectionError, match=told):
        Selection.read(environment)
