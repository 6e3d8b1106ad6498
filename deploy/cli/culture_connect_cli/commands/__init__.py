"""The commands, a module per group: they read options, call the library, and print."""
