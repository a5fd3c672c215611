"""What pages show, put together from the rooms below."""
