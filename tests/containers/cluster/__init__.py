"""The cluster of `deploy/cluster`, really run."""
