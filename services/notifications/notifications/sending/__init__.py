"""From planned letters to the mail server, each once as far as mail allows."""
