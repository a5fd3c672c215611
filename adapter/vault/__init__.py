"""Bodies at rest: compressed, encrypted, and findable without being readable."""

from adapter.vault.normalise import plain_words, search_form
from adapter.vault.vault import Vault

__all__ = ["Vault", "plain_words", "search_form"]
