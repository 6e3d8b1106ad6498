"""The `culture-connect` command."""

import typer

from culture_connect_cli.commands.account import account_app
from culture_connect_cli.commands.box_office import box_office_app
from culture_connect_cli.commands.demo import demo
from culture_connect_cli.commands.doctor import doctor
from culture_connect_cli.commands.enrol import enrol
from culture_connect_cli.commands.outbox import outbox_app
from culture_connect_cli.commands.participants import participants
from culture_connect_cli.commands.person import person_app
from culture_connect_cli.commands.programme import programme_app
from culture_connect_cli.commands.secrets import secrets_app
from culture_connect_cli.commands.token import token_app
from culture_connect_cli.commands.topology import topology_app
from culture_connect_cli.commands.up import up

app = typer.Typer(
    name="culture-connect",
    no_args_is_help=True,
    # A traceback with the values of variables would show passwords.
    pretty_exceptions_show_locals=False,
    help="Culture Connect on this machine, and the bus wherever it is.",
)
app.command()(up)
app.command()(demo)
app.command()(doctor)
app.command()(enrol)
app.command()(participants)
app.add_typer(topology_app, name="topology")
app.add_typer(account_app, name="account")
app.add_typer(outbox_app, name="outbox")
app.add_typer(secrets_app, name="secrets")
app.add_typer(token_app, name="token")
app.add_typer(programme_app, name="programme")
app.add_typer(person_app, name="person")
app.add_typer(box_office_app, name="box-office")
