"""The mailbox of a local stack: accepts every mail, keeps it as a file, and shows it."""
