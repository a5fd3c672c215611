"""Commands for those who write mappings, rules and catalogues."""
