"""What registration can be asked to do: load, decide, save, tell. Consumers and routes call these."""
