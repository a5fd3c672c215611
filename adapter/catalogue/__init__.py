"""Catalogues: the facility's approved lists and the national ones, read from the files people have.

``reader.read_file`` reads and judges a file, ``versions.plan_changes`` says which rows open and close,
``index.CatalogueIndex`` answers the rules. Keeping them is the store's (``adapter.store.catalogues``).
"""
