"""Pages for people: what one can do without, switched off and on; and letters, for operators to look at."""
