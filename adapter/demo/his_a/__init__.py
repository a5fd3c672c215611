"""Demo HIS A: a normalised hospital system of our own design, filled with the encounters of demo HIS B's scenarios."""
