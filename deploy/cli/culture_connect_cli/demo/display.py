"""Terminal output of the demo."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from culture_connect_cli.demo.scenario import NO_SEATS, Scenario

_LINES = 12  # of the log, while it plays


def live(scenario: Scenario) -> RenderableType:
    """The current state of the scenario."""
    log = Text("\n".join(scenario.log[-_LINES:]), style="dim")
    return Group(Panel(scenario.step, title="Culture Connect"), received(scenario), log)


def received(scenario: Scenario) -> Table:
    """Every client with what it received."""
    table = Table(title="What every party received", title_justify="left", expand=True)
    table.add_column("party", style="bold", no_wrap=True)
    table.add_column("received", justify="right")
    table.add_column("namely")
    for system in scenario.systems.values():
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(system.outcomes.items()))
        table.add_row(system.name, f"{len(system.receipts)} receipts", outcomes)
    table.add_section()
    for office in scenario.offices.values():
        events = ", ".join(f"{count} {type_}" for type_, count in sorted(office.received.items()))
        table.add_row(
            office.name, f"{office.received.total()} events", events or "nothing this time: no evening of its own"
        )
    table.add_section()
    to_whom = len({str(letter["to"]) for letter in scenario.letters})
    table.add_row("mailbox", f"{len(scenario.letters)} letters", f"to {to_whom} people")
    table.add_section()
    for evening in scenario.evenings:
        seats = scenario.seats.get(evening["evening_id"], NO_SEATS)
        table.add_row(
            evening["title"]["en"],
            f"{seats['issued'] + seats['admitted']} tickets",
            f"{evening['venue']}, {seats['capacity']} seats, {seats['waiting']} people in the waiting line",
        )
    return table


def verdict(scenario: Scenario) -> RenderableType:
    """The result: everything arrived, or what is missing."""
    if not scenario.missing:
        return Text("Everything that should have arrived did.", style="bold green")
    return Text("Missing:\n" + "\n".join(f"- {each}" for each in scenario.missing), style="bold red")
