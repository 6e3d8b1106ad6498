"""Rendering of letters: from their data to the bytes of a mail; the same data always make the same bytes."""
