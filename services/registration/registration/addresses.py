"""When two e-mail addresses are one."""

import unicodedata

import idna


def email_key(address: str) -> str:
    """The address in the form that is compared: lower case, the domain as it is known to the DNS.

    `Ann@Bücher.example` and `ann@xn--bcher-kva.example` have the same key (RFC 5891 and UTS 46).
    """
    if address.isascii():
        return address.lower()
    local, _, domain = address.rpartition("@")
    try:
        domain = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        domain = domain.casefold()
    return f"{unicodedata.normalize('NFC', local).casefold()}@{domain.lower()}"
