"""An invented authority, facility and set of documents for the signing tests. One set per test process."""

from __future__ import annotations

import base64
import functools
import random
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from adapter.clock import VIETNAM
from adapter.demo.pki import Authority, Issued, make_authority
from adapter.signing.pkcs12 import Pkcs12Key
from adapter.signing.trust import Trust

NOW = datetime.now(VIETNAM).replace(microsecond=0)
"""The foreign tools judge certificates by the machine's clock, so the invented ones stand around it."""

SERIAL = 0x5401_00FE_DCBA_9876_5432


@dataclass(frozen=True)
class World:
    """Who signs and who is believed."""

    authority: Authority
    facility: Issued
    key: Pkcs12Key
    trust: Trust
    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, **changes: object) -> Pkcs12Key:
        """A key holder with another certificate of the same authority; the same key unless asked otherwise."""
        wanted = {"key": self.facility.key, **changes}
        issued = self.authority.issue("Bệnh viện Ví Dụ", NOW, **wanted)  # type: ignore[arg-type]
        assert isinstance(issued.key, rsa.RSAPrivateKey)
        return Pkcs12Key(issued.certificate, issued.key)


@functools.cache
def world() -> World:
    """Made once: RSA keys are slow to find."""
    authority = make_authority(NOW)
    facility = authority.issue("Bệnh viện Ví Dụ & Cộng sự", NOW, tax_code="0199900000", serial=SERIAL)
    assert isinstance(facility.key, rsa.RSAPrivateKey)
    folder = Path(tempfile.mkdtemp(prefix="bhyt-signing-"))
    made = World(
        authority, facility, Pkcs12Key(facility.certificate, facility.key), Trust((authority.certificate,)), folder
    )
    made.ca.write_bytes(authority.pem)
    weakref.finalize(made, shutil.rmtree, folder, ignore_errors=True)
    return made


def dossier(
    parts: int = 1, size: int = 300, *, root: str = "GIAMDINHHS", before: str = "", ending: str = "\n"
) -> bytes:
    """An envelope with ``parts`` base64 parts of ``size`` bytes each; the content is noise, only the form counts."""
    noise = random.Random(20261122)
    files = "".join(
        f"<FILEHOSO><LOAIHOSO>XML{n + 1}</LOAIHOSO><NOIDUNGFILE>{base64.b64encode(noise.randbytes(size)).decode()}"
        f"</NOIDUNGFILE></FILEHOSO>{ending}"
        for n in range(parts)
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{ending}<{root}>{ending}{before}'
        f"<THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI>{ending}<THONGTINHOSO><DANHSACHHOSO><HOSO>"
        f"{files}</HOSO></DANHSACHHOSO></THONGTINHOSO>{ending}<CHUKYDONVI/>{ending}</{root.split(maxsplit=1)[0]}>{ending}"
    ).encode()


def catalogue(ref_id: str = "Id-0b0ec0de-0000-4000-8000-000000000001", *, ending: str = "\n") -> bytes:
    """A TT 12/2026 catalogue in form: one list element with an Id, then CHUKYDONVI."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{ending}<HSDANHMUC>{ending}'
        f'  <DANHSACH_DMDICHVUKBCB Id="{ref_id}">{ending}'
        f"    <DMDICHVUKBCB><MA_DICH_VU>02.1900</MA_DICH_VU>{ending}"
        f"<TEN><![CDATA[Khám <thử> & đo]]></TEN></DMDICHVUKBCB>{ending}"
        f"  </DANHSACH_DMDICHVUKBCB>{ending}  <CHUKYDONVI></CHUKYDONVI>{ending}</HSDANHMUC>"
    ).encode()


CATALOGUE_TAG = "DANHSACH_DMDICHVUKBCB"
_XSI = 'GIAMDINHHS xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_ODD = 'GIAMDINHHS z="2" a="1 &#9;&#10;&quot;&lt;" xmlns:b="urn:x?a=1" xmlns:a="urn:a"'
_CHECKIN = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB><MA_LK>SYN-1</MA_LK><STT>1</STT>
<HO_TEN><![CDATA[Ngô "Ví" <Dụ> & con]]></HO_TEN><GHI_CHU>dòng 1&#13;
dòng 2 &amp; &gt; é</GHI_CHU></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB>
<CHUKYDONVI></CHUKYDONVI></CHI_TIEU_TRANG_THAI_KCB>"""

DOCUMENTS: dict[str, bytes] = {
    "small": dossier(),
    "windows-line-ends": dossier(2, ending="\r\n"),
    "of-110-kb": dossier(4, 20_000, ending=""),
    "xsi-and-xsd-on-the-root": dossier(root=_XSI),
    "attributes-and-odd-prefixes": dossier(root=_ODD),
    "xml-attributes-on-the-root": dossier(root='GIAMDINHHS xml:space="preserve" xml:lang="v&#10;i"'),
    "check-in-with-cdata-and-references": _CHECKIN.encode(),
    "processing-instructions": dossier(before="<?may in ra?>").replace(
        b"?>\n<GIAM", b"?>\n<!-- ngoai -->\n<?x y?>\n<GIAM"
    ),
}
REFUSED_BY = {
    "xml-attributes-on-the-root": {"xml-crypto", "signxml"},  # they do not hand xml: attributes down to SignedInfo
    "processing-instructions": {"xml-crypto", "signxml"},  # they digest the root only, C14N takes the document
}
"""Where a foreign tool departs from Canonical XML 1.0; xmlsec1 and the JDK agree with us on all."""
BIG = "of-6000-lines"
"""Its one part is a text node above libxml2's default limit of 10 MB."""


@functools.cache
def document(name: str) -> bytes:
    """A document by name, ``BIG`` included."""
    return dossier(1, 8_400_000) if name == BIG else DOCUMENTS[name]
