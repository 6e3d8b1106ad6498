"""Text of others, made fit for a terminal."""


def plain(text: object) -> str:
    """The text without anything that a terminal would obey instead of show."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
