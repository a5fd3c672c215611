"""What people ask of the store: lists, details, the two equations."""
