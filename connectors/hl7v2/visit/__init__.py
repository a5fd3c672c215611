"""From the messages of a visit to one encounter: segments, groups, the fold over time, rows and columns."""
