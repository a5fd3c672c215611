"""The tables and the connection to them."""
