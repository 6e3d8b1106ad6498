"""E-mail addresses: is it one, and its one way of writing."""

import re
from hashlib import sha256
from typing import Final

from email_validator import EmailNotValidError, validate_email

# Nearly all addresses are of this plain kind, where the library has nothing to find or to change; asking it would cost
# ten times as much as the rest of reading a message. A test holds the two to the same answers.
_PLAIN: Final = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,60}[a-z0-9]\.)+(?!arpa\Z|invalid\Z|local\Z|localhost\Z|onion\Z)[a-z]{2,60}\Z"
)

# What SMTP servers of any age take: no SMTPUTF8 (RFC 6531), no quotes, and at most 64 octets before the @ (RFC 5321,
# 4.5.3.1.1).
_MAILABLE: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")


def can_get_mail(address: str) -> bool:
    """Returns whether letters can be sent to this address; an encoded word is never one, whatever it is made of."""
    return _MAILABLE.fullmatch(address) is not None and "=?" not in address


def canonical_address(text: str) -> str | None:
    """The address with its domain in lower case and in ASCII, None when it is not an address.

    Only syntax is checked, nothing is looked up. The local part keeps its case, as RFC 5321 (2.4) asks. Names of
    RFC 2606 for testing are taken, so that a partner can try its system out.
    """
    if len(text) <= 64 and _PLAIN.match(text):
        return text
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    if "." not in found.ascii_domain:
        return None
    # An ASCII domain reaches every mail server and looks the same in every comparison.
    return f"{found.local_part}@{found.ascii_domain}"


def address_digest(partner: str, address: str) -> bytes:
    """Returns the hash that recognises an address: the same for every way of writing it, another for each partner."""
    # Text that is not an address belongs to nobody.
    canonical = canonical_address(address.strip()) or ""
    return sha256(f"{partner}\n{canonical.casefold()}".encode()).digest()
