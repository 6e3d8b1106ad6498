"""The capacity of one machine, path by path, and the page on scale that is made from it (`docs/scale.md`)."""
