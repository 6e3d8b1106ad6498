"""The HTTP side of any service against outsiders."""
