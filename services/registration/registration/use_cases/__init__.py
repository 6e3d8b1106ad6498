"""The use cases of registration: each loads, decides, saves and publishes. Handlers, routes and jobs call them."""
