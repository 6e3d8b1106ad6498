"""A season as a file: what it says, how the programme differs from it, and making the two the same."""
