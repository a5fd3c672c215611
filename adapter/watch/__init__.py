"""The night watch: what will become a problem, told early to the right person, once."""
