"""What the terminal shows: the scene, what each party has received so far, and at the end the addresses."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from culture_connect_cli.demo.scenario import NO_SEATS, Season

_LINES = 12  # of what was told, while it plays


def live(season: Season) -> RenderableType:
    """The play as it stands."""
    told = Text("\n".join(season.told[-_LINES:]), style="dim")
    return Group(Panel(season.scene, title="Culture Connect"), received(season), told)


def received(season: Season) -> Table:
    """Every party with what it received."""
    table = Table(title="What every party received", title_justify="left", expand=True)
    table.add_column("party", style="bold", no_wrap=True)
    table.add_column("received", justify="right")
    table.add_column("namely")
    for system in season.systems.values():
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(system.outcomes.items()))
        table.add_row(system.name, f"{len(system.receipts)} receipts", outcomes)
    table.add_section()
    for office in season.offices.values():
        heard = ", ".join(f"{count} {type_}" for type_, count in sorted(office.heard.items()))
        table.add_row(
            office.name, f"{office.heard.total()} events", heard or "nothing this time: no evening of its own"
        )
    table.add_section()
    to_whom = len({str(letter["to"]) for letter in season.letters})
    table.add_row("mailbox", f"{len(season.letters)} letters", f"to {to_whom} people")
    table.add_section()
    for evening in season.evenings:
        seats = season.seats.get(evening["evening_id"], NO_SEATS)
        table.add_row(
            evening["title"]["en"],
            f"{seats['issued'] + seats['admitted']} tickets",
            f"{evening['venue']}, {seats['capacity']} seats, {seats['waiting']} people in the waiting line",
        )
    return table


def verdict(season: Season) -> RenderableType:
    """Whether everything arrived, and what did not."""
    if not season.missing:
        return Text("Everything that should have arrived did.", style="bold green")
    return Text("Missing:\n" + "\n".join(f"- {each}" for each in season.missing), style="bold red")
