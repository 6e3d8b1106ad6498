"""The decisions of registration: pure, without clock, randomness or I/O."""
