"""Preloaded by the fork server of the cursor test: everything a reader needs is in memory before it is forked."""

from tests.support.reader_process import warm

warm()
