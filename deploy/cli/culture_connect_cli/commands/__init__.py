"""The commands, a module for each: they read options, call the packages beside this one, and print."""
