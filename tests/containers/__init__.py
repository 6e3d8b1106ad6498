"""Tests that need a Docker engine: the images, `docker-compose.yml` and the cluster, really run.

`make containers` runs them: it takes the engine that answers or, as root on Debian, starts one of its own.
"""
