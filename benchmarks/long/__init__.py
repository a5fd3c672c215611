"""What a large store costs: memory, a dossier's own cost, the queue's claim and the console's list, by size."""
