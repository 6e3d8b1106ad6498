"""What an outsider can do to the HTTP side of any service."""
