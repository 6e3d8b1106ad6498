"""All queries of ticketing, set-based: how many people an event touches does not change how many statements run."""
