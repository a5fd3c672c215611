"""The reception desk: is this card good, what was the patient treated for. Process steps 8 and 13."""
