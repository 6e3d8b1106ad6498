"""Pure decisions of ticketing: no I/O, no clock, no randomness."""
