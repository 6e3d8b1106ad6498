"""Accounts of external clients (HR systems and box offices) on the broker."""

from culture_connect_cli.accounts.credentials import Credentials, random_password
from culture_connect_cli.accounts.lifecycle import (
    AccountError,
    AccountState,
    Removal,
    add_account,
    list_accounts,
    remove_account,
    validate_name,
)

__all__ = [
    "AccountError",
    "AccountState",
    "Credentials",
    "Removal",
    "add_account",
    "list_accounts",
    "random_password",
    "remove_account",
    "validate_name",
]
