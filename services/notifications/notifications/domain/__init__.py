"""The decisions of notifications: which letter, when, and how often it is tried. Pure: no I/O, clock or randomness."""
