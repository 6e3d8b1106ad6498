"""Secrets of an installation: passwords, keys, tokens and certificates, kept in one store and written as files."""
