"""`culture-connect demo`: a local stack with a season played on it."""

import asyncio
from typing import Annotated

import typer

from culture_connect_cli.commands.up import addresses, console, run_stack
from culture_connect_cli.demo.run import play
from culture_connect_cli.demo.scenario import STEP_TIMEOUT
from culture_connect_cli.stack import LocalStack


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop afterwards; non-zero if anything is missing.")] = False,
    step_timeout: Annotated[
        float, typer.Option("--patience", help="Seconds for a step to arrive everywhere.")
    ] = STEP_TIMEOUT,
) -> None:
    """Starts everything and plays a season on it: enrolments, evenings, a waiting list, a door."""
    complete = True

    async def show() -> None:
        nonlocal complete
        async with LocalStack(report=console.print) as stack:
            complete = await play(stack, console, step_timeout=step_timeout)
            console.print(addresses(stack))
            if not leave:
                console.print("The mailbox is a good place to look. Ctrl-C stops everything.")
                await asyncio.Event().wait()

    run_stack(show())
    if not complete:
        raise typer.Exit(1)
