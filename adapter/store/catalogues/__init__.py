"""The lists an installation holds: imports, rows with validity, and the index the check stage asks."""
