"""Commands about dossiers: their states, their files, what became of them."""
