"""Pages for people: preferences for addressees, letters for operators."""
