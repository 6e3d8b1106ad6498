"""Text from outside on its way into headers, bodies and calendars.

Names and titles are refused at intake when they could break out of a header. They are made harmless here once more:
CVE-2024-6923 is open in Python 3.11.7, where a decoded `=?utf-8?q?hi=0ABcc=3A...` became a line of its own. So no
header is left to the standard library: what goes into one is either plain ASCII or an encoded word made here.
"""

import base64
import re
import unicodedata

from culture_connect.contracts.addresses import can_get_mail
from culture_connect.contracts.names import without_format_characters

# Control characters, surrogates, unassigned, private use, and the two separators that some readers break lines at.
_BREAKING = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9 ,.!'()/&+:-]{1,60}")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 ]{1,60}")
_PRINTABLE = re.compile(r"[\x20-\x7e]*(\r\n [\x20-\x7e]+)*")
# Bytes of an encoded word, so that the line it shares with the name of its header has at most 76 characters. Names get
# as much as there can be: several readers, the standard library among them, show a space where two words meet.
_CHUNK_OF_TEXT, _CHUNK_OF_NAME = 39, 45


class UnusableAddressError(Exception):
    """Mail cannot be sent to this address; the text does not quote it."""


def one_line(text: str) -> str:
    """The text without control characters, line breaks, invisible marks and `=?`, in one line.

    Joiners inside words and emoji stay: without them it is another name.
    """
    spaced = "".join(" " if unicodedata.category(each) in _BREAKING else each for each in text)
    return " ".join(without_format_characters(spaced).split()).replace("=?", "= ?")


def header(name: str, value: str) -> str:
    """One header, ended. Raises ValueError for a value that is not printable ASCII, folded at most."""
    if not _PRINTABLE.fullmatch(value):
        raise ValueError(f"the value of {name} is no header text")
    return f"{name}: {value}\r\n"


def header_text(text: str) -> str:
    """Any text as the value of an unstructured header such as Subject (RFC 2047, section 5 (1))."""
    line = one_line(text)
    return line if _PLAIN_TEXT.fullmatch(line) else _encoded_words(line, _CHUNK_OF_TEXT)


def mailbox(name: str, address: str) -> str:
    """`name <address>` as the value of an address header (RFC 2047, section 5 (3)); `address` is ASCII already."""
    line = one_line(name)
    if not line:
        return f"<{address}>"
    phrase = line if _PLAIN_PHRASE.fullmatch(line) else _encoded_words(line, _CHUNK_OF_NAME)
    return f"{phrase}\r\n <{address}>"


def ascii_address(address: str) -> str:
    """The address, when SMTP servers of any age take it; the contract's addresses have their domain in ASCII already.

    Raises UnusableAddressError for one that would need more: a local part beyond ASCII, quotes, white space.
    """
    if not can_get_mail(address):
        raise UnusableAddressError("the address cannot be used over plain SMTP")
    return address


def _encoded_words(line: str, size: int) -> str:
    chunks, current = [], b""
    for character in line:
        encoded = character.encode()
        if len(current) + len(encoded) > size:
            chunks.append(current)
            current = b""
        current += encoded
    chunks.append(current)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?=" for chunk in chunks)
