"""Names of people. Some have one name only: one of the two is empty then, and never both."""


def full_name(given_name: str, family_name: str) -> str:
    """The name as people write it; a person with one name gets no blank before or after it."""
    return f"{given_name} {family_name}".strip()
