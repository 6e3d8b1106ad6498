"""All queries of registration, in plain SQL: intake works on hundreds of rows at a time."""
