"""The services' database: roles, schemas and outboxes."""
