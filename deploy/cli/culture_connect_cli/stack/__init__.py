"""Servers and services that run on this machine for a developer, a demonstration or a test."""
