"""The one door to both signature profiles; which one a file carries is data of its service."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from adapter.signing import profile1, profile2
from adapter.signing.xmldsig.build import Unsigned
from adapter.signing.xmldsig.place import Place


def prepare_signature(
    profile: int,
    document: bytes,
    certificate: x509.Certificate,
    *,
    at: datetime,
    replace: bool = False,
    written: bool = False,
) -> tuple[Place, Unsigned]:
    """Where the signature goes, and the bytes the key has to sign; ``at`` stands in profile 2's SigningTime.

    ``written``: the document is just as :mod:`adapter.dossier.writer` wrote it, which saves reading it again.

    The bytes to sign depend on nothing but these arguments, so a value that comes hours later fits
    a document that is built anew. Raises DocumentError, and ValueError for another profile than 1 or 2.
    """
    if profile == 1 and written:
        return profile1.prepare_written(document, certificate)
    if profile == 1:
        return profile1.prepare_signature(document, certificate, replace=replace)
    if profile == 2:
        return profile2.prepare_signature(document, certificate, at=at, replace=replace)
    raise ValueError(f"no signature profile {profile}")
