"""Demo HIS C: a hospital system of our own design with one schema per month, filled with demo HIS B's scenarios."""
