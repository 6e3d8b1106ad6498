"""Addresses that hold a login. Never log them."""

from urllib.parse import quote


def login_url(scheme: str, username: str, password: str, address: str, path: str) -> str:
    """scheme://username:password@address/path, with `address` as host:port and every other part quoted."""
    return f"{scheme}://{quote(username, safe='')}:{quote(password, safe='')}@{address}/{quote(path, safe='')}"
