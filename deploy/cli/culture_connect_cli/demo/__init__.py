"""The demo: a short season on a local stack, with what every client sends and receives."""
