"""The way of a dossier through the store: revisions, outbox, settling."""
