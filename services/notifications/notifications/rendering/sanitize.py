"""Text and addresses from outside, made safe for headers, bodies and calendars."""

import unicodedata

from culture_connect.contracts.addresses import can_get_mail
from culture_connect.contracts.names import without_format_characters

# Control characters, surrogates, unassigned, private use, and the two separators that some readers break lines at.
_BREAKING = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})


class UnusableAddressError(Exception):
    """Mail cannot be sent to this address; the text does not quote it."""


def one_line(text: str) -> str:
    """Returns the text without control characters, line breaks, invisible marks and `=?`, in one line.

    Joiners inside words and emoji stay: without them it is another name.
    """
    if not (text.isascii() and text.isprintable()):
        spaced = "".join(" " if unicodedata.category(each) in _BREAKING else each for each in text)
        text = without_format_characters(spaced)
    return " ".join(text.split()).replace("=?", "= ?")


def ascii_address(address: str) -> str:
    """Returns the address when SMTP servers of any age take it; domains of the contract are ASCII already.

    Raises UnusableAddressError for one that would need more: a local part beyond ASCII, quotes, white space.
    """
    if not can_get_mail(address):
        raise UnusableAddressError("the address cannot be used over plain SMTP")
    return address
