"""Routes: each parses and calls one use case or one query."""
