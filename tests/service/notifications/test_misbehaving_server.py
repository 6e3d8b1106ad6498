"""A mail server that is busy, breaks lines and does not know everybody: none is lost, none double but where it must."""

from collections import Counter
from uuid import UUID

from tests.service.notifications.harness import Harness, evening, issued, known, running
from tests.support.probes import until
from tests.support.smtp_sink import TAKE_AND_DROP, Moody, Sink

LETTERS = 300


async def test_no_letter_is_lost_and_those_alone_come_twice_that_the_server_took_without_a_word(world: Harness) -> None:
    people = [UUID(int=1000 + number) for number in range(LETTERS)]
    moody = Moody(5, busy=0.1, refused=0.05, lost=0.03, unheard=0.02)
    unheard: Counter[str] = Counter()

    def mood(step: str, argument: str) -> str | None:
        answer = moody(step, argument)
        if answer == TAKE_AND_DROP:
            unheard[argument] += 1
        return answer

    refused = {each for each in people if moody.refuses(address(each))}
    async with Sink(mood=mood) as sink:
        settings = world.settings.model_copy(update={"smtp_port": sink.port})
        async with running(settings) as world.api, running(settings):
            await world.tell(evening(), *map(known, people), *map(issued, people))
            await until(lambda: left(world), lambda count: count == 0, "letters left", timeout=60)
    assert 0 < len(refused) < LETTERS / 5
    assert len(sink.taken) == LETTERS - len(refused)
    assert sum(unheard.values()) > 0
    assert {letter: taken - 1 for letter, taken in sink.taken.items() if taken > 1} == dict(unheard)
    failed = await world.rows("select participant_id from letters where state = 'failed'")
    assert {row["participant_id"] for row in failed} == refused


def address(participant: UUID) -> str:
    """Returns the address of a participant."""
    return f"{participant}@acme.example"


async def left(harness: Harness) -> int:
    """Returns the number of unsent letters, after ending their waits, so that the test need not wait as long."""
    await harness.rows(
        "update letters set due_at = now() where kind = 'ticket-issued' and state = 'planned' and due_at > now()"
    )
    [row] = await harness.rows(
        "select count(*) from letters where kind = 'ticket-issued' and state in ('planned', 'sending')"
    )
    # Until all tickets have been told, there is more to come.
    [known_] = await harness.rows("select count(*) from letters where kind = 'ticket-issued'")
    return int(row[0]) if known_[0] == LETTERS else LETTERS
