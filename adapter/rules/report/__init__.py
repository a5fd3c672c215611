"""Findings told to people: how to fix them, an HTML page, a spreadsheet, the reference of rules."""
