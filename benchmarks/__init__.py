"""Measurements. Tests never time anything; these do."""
