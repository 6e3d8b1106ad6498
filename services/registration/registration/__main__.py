"""`python -m registration serve | migrate`."""

from culture_connect.service_main import run
from registration.app import build_app
from registration.settings import RegistrationSettings

run("registration", RegistrationSettings, build_app)
