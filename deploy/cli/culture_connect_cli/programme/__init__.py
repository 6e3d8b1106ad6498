"""The programme of a season from a file: parsing, plan, and application."""
