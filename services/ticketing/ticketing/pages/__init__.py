"""The personal page of one participant for one evening: from what is known to HTML."""
