"""What notifications decides: which letter, when, and how often it is tried. Pure: no I/O, no clock, no randomness."""
