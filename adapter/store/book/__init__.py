"""What the health book adds to the store: further facts, one line per visit, decisions, checks on VNeID."""
