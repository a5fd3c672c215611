"""Chaos: the whole line under kill -9 and a misbehaving gateway, then both databases are compared."""
