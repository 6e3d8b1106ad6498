"""From what is known to the bytes of a mail; the same facts always make the same bytes."""
