"""`python -m notifications serve` and `migrate`."""

from culture_connect.service_main import run
from notifications.app import build_app
from notifications.settings import NotificationsSettings

if __name__ == "__main__":
    run("notifications", NotificationsSettings, build_app)
