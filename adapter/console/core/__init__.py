"""What every page shares: words, looks, errors, kept numbers."""
