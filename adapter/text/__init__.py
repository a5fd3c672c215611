"""Text: NFC, XML-legal characters, markup to plain, old Vietnamese charsets, masking."""

from adapter.text.clean import clean, nfc, one_line, strip_illegal, tidy
from adapter.text.markup import html_to_plain, plain, rtf_to_plain
from adapter.text.masking import mask

__all__ = ["clean", "html_to_plain", "mask", "nfc", "one_line", "plain", "rtf_to_plain", "strip_illegal", "tidy"]
