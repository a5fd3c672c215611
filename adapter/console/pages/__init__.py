"""One module per page: its addresses, what it reads, what it does."""
