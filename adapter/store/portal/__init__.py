"""What people and the portal tell the store: sent by other software, verdicts, confirmations, look-ups."""
