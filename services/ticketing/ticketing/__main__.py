"""`python -m ticketing serve | migrate`."""

from culture_connect.service_main import run
from ticketing.app import build_app
from ticketing.settings import TicketingSettings

run("ticketing", TicketingSettings, build_app)
