"""Encounters: what was read of them, what is expected of them, which wait to be translated."""
