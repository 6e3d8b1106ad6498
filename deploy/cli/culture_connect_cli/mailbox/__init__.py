"""The mailbox of a local stack: takes every mail for everybody, keeps it as a file, and shows it."""
