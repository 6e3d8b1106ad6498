"""A short season on a local stack: what every party sends and what it gets back, live."""
