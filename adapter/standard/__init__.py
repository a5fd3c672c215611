"""The decrees as data: tables, code sets and parameters, in layers with effective dates."""
