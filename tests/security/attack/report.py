"""The report on the attacks, for people."""

from rich.console import Console
from rich.table import Table

from tests.security.attack.attacks import ATTACKS
from tests.security.attack.run import AttackOutcome


def show(outcome: AttackOutcome, console: Console) -> None:
    """A line for each attack: what the neighbour met meanwhile."""
    table = Table("attack", "by", "times", "receipts", "99% within", "pages", "99% within", "otherwise")
    for met in outcome.met:
        actor = ATTACKS[met.attack].actor if met.attack in ATTACKS else "-"
        slowest = met.slowest
        table.add_row(
            met.attack,
            actor,
            f"{met.times:,}" if met.attack in ATTACKS else "-",
            str(len(met.experience.receipts)),
            f"{slowest['receipt']:.2f} s",
            str(len(met.experience.pages)),
            f"{slowest['page']:.2f} s",
            "; ".join(f"{name} ({number})" for name, number in met.experience.failed.items()) or "-",
        )
    console.print(table)
    for finding in outcome.findings:
        console.print(f"[bold red]{finding}", highlight=False)
    if not outcome.findings:
        console.print("[green]nobody else noticed")
