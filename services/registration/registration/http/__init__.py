"""The HTTP API of registration: partners, their participants, evenings."""
