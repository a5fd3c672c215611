"""Demo HIS B: a denormalised hospital system of our own design, seeded with invented people."""
