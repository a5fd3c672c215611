"""The way of a dossier through the store: intake, revisions, outbox, settling."""
