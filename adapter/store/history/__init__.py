"""What was sent before, found by keyed values: the other side of the rules' ``History``."""
