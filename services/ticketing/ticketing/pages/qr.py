"""QR codes of tickets, as pictures within a page (ISO/IEC 18004)."""

import segno

# As in the letters: a signed code, random by nature, needs no choice between the masks, which takes most of the time.
_MASK = 3
_QUIET = 4  # modules of white around it


def picture(code: str) -> str:
    """Returns an SVG of the code, black on white, without a size of its own; survives 15 % damage (level M)."""
    made = segno.make(code, error="m", boost_error=False, micro=False, mask=_MASK)
    # Always the plain colours: scanners want dark on light, also where the page is dark.
    svg: str = made.svg_inline(border=_QUIET, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    return svg
