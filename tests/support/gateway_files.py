"""Invented check-ins and dossiers, signed without the product's own signer: for tests of the receiving side.

Signatures are made with python-xmlsec, certificates with cryptography.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from xml.sax.saxutils import escape

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from adapter.standard.spec import Table, effective_on

FACILITY = "01999"
ACCOUNT = "01999_BV"
PASSWORD = "mật khẩu thử"


@dataclass(frozen=True)
class Identity:
    """A private key with its certificate and the CA that issued it, as PEM."""

    key: bytes
    certificate: str
    ca: str
    serial: str


@lru_cache(maxsize=16)
def identity(name: str = "facility", days: int = 365, ago: int = 1) -> Identity:
    """A certificate by a throw-away CA, valid from ``ago`` days back for ``days`` days."""
    ca_key, key = _rsa("ca"), _rsa(name)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=ago)
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA thử nghiệm")])
    ca = _certificate(ca_name, ca_name, ca_key.public_key(), ca_key, start=start, days=3650, ca=True)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Cơ sở thử {name}")])
    own = _certificate(subject, ca_name, key.public_key(), ca_key, start=start, days=days, ca=False)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(pem, _pem(own), _pem(ca), f"{own.serial_number:x}")


@lru_cache(maxsize=16)
def _rsa(_name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey,
    signer: rsa.RSAPrivateKey,
    *,
    start: datetime,
    days: int,
    ca: bool,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return builder.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def row_xml(table: Table, values: Mapping[str, str]) -> str:
    """The fields of one record, all of them, in order."""
    return "".join(f"<{name}>{escape(values.get(name, ''))}</{name}>" for name in table.names)


def table_xml(table: Table, rows: Iterable[Mapping[str, str]]) -> str:
    """One table as the inner XML of a part."""
    records = [row_xml(table, row) for row in rows]
    if table.record_element is None:
        return f"<{table.root}>{records[0]}</{table.root}>"
    inner = "".join(f"<{table.record_element}>{record}</{table.record_element}>" for record in records)
    return f"<{table.root}><{table.list_element}>{inner}</{table.list_element}></{table.root}>"


def stay(ma_lk: str = "SYN-1", **changes: str) -> dict[str, str]:
    """An out-patient visit with one drug and one service, sums right, nobody real."""
    values = {
        "MA_LK": ma_lk, "STT": "1", "MA_BN": "SYN0001", "HO_TEN": "NGƯỜI BỆNH MẪU", "SO_CCCD": "000000000000",
        "NGAY_SINH": "198000000000", "GIOI_TINH": "1", "MA_QUOCTICH": "000", "MA_DANTOC": "01",
        "MA_NGHE_NGHIEP": "00", "DIA_CHI": "Số 00 đường Ví Dụ", "MATINH_CU_TRU": "01", "MAXA_CU_TRU": "00000",
        "MA_THE_BHYT": "XX4010000000000", "MA_DKBD": "01999", "GT_THE_TU": "20260101", "GT_THE_DEN": "20261231",
        "LY_DO_VV": "Sốt", "CHAN_DOAN_VAO": "Sốt", "CHAN_DOAN_RV": "Nhiễm siêu vi", "MA_BENH_CHINH": "B34.9",
        "MA_DOITUONG_KCB": "1.1", "NGAY_VAO": "202609010800", "NGAY_RA": "202609010930", "SO_NGAY_DTRI": "0",
        "KET_QUA_DTRI": "7", "MA_LOAI_RV": "1", "NGAY_TTOAN": "202609010940", "T_THUOC": "7000", "T_VTYT": "0",
        "T_TONGCHI_BV": "49100", "T_TONGCHI_BH": "49100", "T_BNTT": "0", "T_BNCCT": "0", "T_BHTT": "49100",
        "T_NGUONKHAC": "0", "T_BHTT_GDV": "49100", "NAM_QT": "2026", "THANG_QT": "09", "MA_LOAI_KCB": "01",
        "MA_KHOA": "K01", "MA_CSKCB": FACILITY, "CAN_NANG": "60.50", "MA_HSBA": "SYN-HS-1",
    }  # fmt: skip
    return {**values, **changes}


def drug(ma_lk: str = "SYN-1", **changes: str) -> dict[str, str]:
    values = {
        "MA_LK": ma_lk, "STT": "1", "MA_THUOC": "40.48", "MA_NHOM": "4", "TEN_THUOC": "Thuốc Ví Dụ",
        "DON_VI_TINH": "Viên", "HAM_LUONG": "500mg", "DUONG_DUNG": "1.01", "LIEU_DUNG": "2 viên/ngày",
        "SO_DANG_KY": "VD-0000-00", "TT_THAU": "000/QD-VD;G1;N1;2026", "PHAM_VI": "1", "TYLE_TT_BH": "100",
        "SO_LUONG": "20.000", "DON_GIA": "350.000", "THANH_TIEN_BV": "7000.00", "THANH_TIEN_BH": "7000.00",
        "T_NGUONKHAC_NSNN": "0", "T_NGUONKHAC_VTNN": "0", "T_NGUONKHAC_VTTN": "0", "T_NGUONKHAC_CL": "0",
        "T_NGUONKHAC": "0", "MUC_HUONG": "100", "T_BNTT": "0", "T_BNCCT": "0", "T_BHTT": "7000.00",
        "MA_KHOA": "K01", "MA_BAC_SI": "000000/XX-GPHN", "NGAY_YL": "202609010900", "MA_PTTT": "1",
        "NGUON_CTRA": "1",
    }  # fmt: skip
    return {**values, **changes}


def service(ma_lk: str = "SYN-1", **changes: str) -> dict[str, str]:
    values = {
        "MA_LK": ma_lk, "STT": "1", "MA_DICH_VU": "02.1897", "MA_NHOM": "13", "TEN_DICH_VU": "Khám bệnh (ví dụ)",
        "DON_VI_TINH": "Lần", "PHAM_VI": "1", "SO_LUONG": "1.000", "DON_GIA_BV": "42100.000",
        "DON_GIA_BH": "42100.000", "TYLE_TT_DV": "100", "TYLE_TT_BH": "100", "THANH_TIEN_BV": "42100.00",
        "THANH_TIEN_BH": "42100.00", "MUC_HUONG": "100", "T_NGUONKHAC_NSNN": "0", "T_NGUONKHAC_VTNN": "0",
        "T_NGUONKHAC_VTTN": "0", "T_NGUONKHAC_CL": "0", "T_NGUONKHAC": "0", "T_BNTT": "0", "T_BNCCT": "0",
        "T_BHTT": "42100.00", "MA_KHOA": "K01", "MA_BAC_SI": "000000/XX-GPHN", "NGAY_YL": "202609010810",
        "NGAY_KQ": "202609010900", "MA_PTTT": "1",
    }  # fmt: skip
    return {**values, **changes}


def first_cost(ma_lk: str = "SYN-1", **changes: str) -> dict[str, str]:
    """A row of XML0."""
    values = {
        "MA_LK": ma_lk, "STT": "1", "MA_BN": "SYN0001", "HO_TEN": "NGƯỜI BỆNH MẪU", "NGAY_SINH": "198000000000",
        "GIOI_TINH": "1", "MA_THE_BHYT": "XX4010000000000", "MA_DKBD": "01999", "GT_THE_TU": "20260101",
        "GT_THE_DEN": "20261231", "MA_DOITUONG_KCB": "1.1", "NGAY_VAO": "202609010800", "MA_LOAI_KCB": "01",
        "MA_CSKCB": FACILITY, "MA_DICH_VU": "02.1897", "TEN_DICH_VU": "Khám bệnh (ví dụ)",
        "NGAY_YL": "202609010810",
    }  # fmt: skip
    return {**values, **changes}


def default_tables(ma_lk: str = "SYN-1") -> dict[str, list[dict[str, str]]]:
    return {"XML1": [stay(ma_lk)], "XML2": [drug(ma_lk)], "XML3": [service(ma_lk)]}


def dossier_xml(
    tables: Mapping[str, Iterable[Mapping[str, str]]] | None = None,
    *,
    facility: str = FACILITY,
    layout: str = "3176",
    count: str = "1",
    holder: str = "<CHUKYDONVI/>",
) -> bytes:
    """An unsigned GIAMDINHHS file."""
    standard = effective_on(date(2026, 9, 1), pin=layout)
    parts = "".join(
        part_xml(name, table_xml(standard.tables[name], rows).encode())
        for name, rows in (default_tables() if tables is None else tables).items()
    )
    return wrap(parts, facility=facility, count=count, holder=holder)


def part_xml(name: str, inner: bytes) -> str:
    content = base64.b64encode(inner).decode()
    return f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"


def wrap(parts: str, *, facility: str = FACILITY, count: str = "1", holder: str = "<CHUKYDONVI/>") -> bytes:
    """The envelope around parts that are already written."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<GIAMDINHHS xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>20260901</NGAYLAP>"
        f"<SOLUONGHOSO>{count}</SOLUONGHOSO><DANHSACHHOSO><HOSO>{parts}</HOSO></DANHSACHHOSO></THONGTINHOSO>"
        f"{holder}</GIAMDINHHS>"
    ).encode()


def checkin_xml(rows: Iterable[Mapping[str, str]] | None = None, *, layout: str = "3176") -> bytes:
    """An unsigned XML0 file."""
    table = effective_on(date(2026, 9, 1), pin=layout).tables["XML0"]
    text = table_xml(table, [first_cost()] if rows is None else rows)
    head, tail = text.removesuffix(f"</{table.root}>"), f"<CHUKYDONVI/></{table.root}>"
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + head + tail).encode()


def sign1(document: bytes, who: Identity | None = None) -> bytes:
    """Profile 1 by python-xmlsec: enveloped over the whole document, inside CHUKYDONVI."""
    who = who or identity()
    root = etree.fromstring(document, etree.XMLParser(huge_tree=True))
    node = xmlsec.template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256)
    root[-1].append(node)
    reference = xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    _sign(node, who)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def sign2(document: bytes, name: str, who: Identity | None = None, time: str = "2026-09-01T08:00:00") -> bytes:
    """Profile 2 by python-xmlsec: the element with this Id and an Object with the signing time."""
    root = etree.fromstring(document)
    outer = f"CHUKYDONVI-{name}"
    node = xmlsec.template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256)
    node.set("Id", outer)
    root[-1].append(node)
    xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri=f"#Object-{outer}")
    xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri=f"#{name}")
    inner = etree.fromstring(
        '<Object xmlns="http://www.w3.org/2000/09/xmldsig#"'
        f' Id="Object-{outer}"><SignatureProperties xmlns=""><SignatureProperty Target="#{outer}"'
        f' Id="SignatureProperty-{outer}"><SigningTime>{time}</SigningTime></SignatureProperty></SignatureProperties>'
        "</Object>"
    )
    node.append(inner)
    xmlsec.tree.add_ids(root, ["Id"])
    _sign(node, who or identity())
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _sign(node: etree._Element, who: Identity) -> None:
    info = xmlsec.template.ensure_key_info(node)
    data = xmlsec.template.add_x509_data(info)
    xmlsec.template.x509_data_add_subject_name(data)
    xmlsec.template.x509_data_add_certificate(data)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(who.key, xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(who.certificate, xmlsec.KeyFormat.CERT_PEM)
    context.sign(node)


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()
