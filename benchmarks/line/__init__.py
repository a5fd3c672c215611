"""The whole line, from a row at the source to a signed document in the outbox, and each of its stages."""
