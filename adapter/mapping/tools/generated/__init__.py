"""Mappings written from the decree's field list: the staging tables and the empty template."""
