"""Reports of mail servers as they came, and messages made to break or to slow down whoever reads them."""

from pathlib import Path

from notifications.delivery.bounce_reports import LARGEST

_FOLDER = Path(__file__).parent.parent / "unit" / "notifications" / "bounces"
_HEAD = b"Content-Type: multipart/report; report-type=delivery-status"
_PIECES = b"Content-Type: multipart/report; report-type*0*=x'y'deliv; boundary*9=b; boundary*1*=c"
_TOP = _HEAD + b'; boundary="b"\n\n'
_REPORT = _TOP + b"--b\nContent-Type: message/delivery-status\n"


def report(name: str) -> bytes:
    """Returns a report as it came."""
    return (_FOLDER / f"{name}.eml").read_bytes()


def large_report() -> bytes:
    """Returns a report with a long mail in it: nearly as large as one may be."""
    end = FAILED.rindex(b"\n--")
    line = b"x" * 75 + b"\n"
    return FAILED[:end] + b"\n" + line * ((LARGEST - len(FAILED) - 1) // len(line)) + FAILED[end:]


def _nested(levels: int) -> bytes:
    return b"".join(b"Content-Type: multipart/report; boundary=%d\n\n--%d\n" % (at, at) for at in range(levels))


FAILED = report("postfix-failed")

# None of these is a report that can be understood.
HOSTILE = {
    "nothing": b"",
    "an empty line": b"\n",
    "empty lines": b"\n" * (LARGEST - 1),
    "blank lines": b" \t\n" * (LARGEST // 3),
    "too large": FAILED + b"x" * LARGEST,
    "parts": _TOP + b"--b\n" * (LARGEST // 5),
    "blocks": _REPORT + b"\n" + b"a: b\n\n" * (LARGEST // 7),
    "empty blocks": _REPORT + b"\n" + b"\n" * (LARGEST // 2),
    "no blocks": _REPORT,
    "an empty block": _REPORT + b"\n\n--b--",
    "a long status": _REPORT + b"\nStatus: " + b"5" * (LARGEST // 2),
    "half a base64": _REPORT + b"Content-Transfer-Encoding: base64\n\nA\n",
    "parameters that are not closed": _HEAD + b"; " + b'a=";' * 250_000 + b"\n\n",
    "a parameter of semicolons": _HEAD + b'; a="' + b";" * 50_000 + b"\n\n",
    "headers before a report": b"Received: from somewhere\n" * 3_000 + FAILED,
    "an encoded boundary with a null": _HEAD + b"; boundary*=utf-8\x00''b\n\n--b\n",
    "parameters in pieces": _PIECES + b"\n\n--b\n",
    "an empty boundary": _HEAD + b"; boundary=\n\n--\n\n",
    "a boundary that is no text": _HEAD + b"; boundary=\xff\xfe\n\n--\xff\xfe\n\n",
    "parts within parts": _nested(19_000),
    "a comment that is not closed": b"a:" + b"(" * (LARGEST - 10),
    "a type in comments": b"Content-Type: " + b"(" * 60_000 + b"\n\n",
    "headers": b"a: b\n" * (LARGEST // 5),
}
