"""The first bytes of workbooks, whatever program saved them."""

from typing import Final

from culture_connect.contracts import problem
from registration.domain.hr_file import FileFault

_ZIP: Final = b"PK\x03\x04"
# Compound File Binary: Excel until 2003, and workbooks that are encrypted.
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


def is_workbook(data: bytes) -> bool:
    """True for a body that is to be read as a workbook. No text file begins with these bytes."""
    return data.startswith((_ZIP, _COMPOUND))


def refuse_compound_file(data: bytes) -> None:
    """Raises FileFault for a workbook that is encrypted, or in the format of Excel until 2003."""
    if not data.startswith(_COMPOUND):
        return
    if _ENCRYPTED in data:
        message = "is protected with a password: save it without one, as an Excel workbook (.xlsx)"
        raise FileFault([problem("encrypted_workbook", message)])
    message = "is in the format of Excel until 2003 (.xls): save it as an Excel workbook (.xlsx)"
    raise FileFault([problem("unknown_format", message)])
