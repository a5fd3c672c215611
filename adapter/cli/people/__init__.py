"""Commands about people: users, what was seen, a person's records."""
