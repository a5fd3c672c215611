"""The processor's work in processes of its own: rows in, bytes out, never the store.

:mod:`process` is what runs in each of them, :mod:`pool` starts, feeds and lets go of them, :mod:`bench` is the
pipeline's face.
"""
