"""``bhyt sign`` and ``bhyt verify``: signatures on files, outside the service."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.clock import VIETNAM, from_datetime12, system_clock
from adapter.errors import ConfigError, Where
from adapter.settings import CertificateSettings
from adapter.signing import checks, profile1, profile2
from adapter.signing.keys import KeyHolder, open_signer
from adapter.signing.trust import Trust
from adapter.signing.verify import Verification, verify


def sign_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp chưa ký / the unsigned file")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Tệp đã ký / where the signed file goes")],
    profile: Annotated[
        int, typer.Option(min=1, max=2, help="1: cả tệp / whole file; 2: hai tham chiếu / two references")
    ] = 1,
    p12: Annotated[
        Path | None, typer.Option(help="Tệp .p12; mặc định: chứng thư của cơ sở / default: the facility's")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="Tệp chứa mật khẩu .p12 / file with its password")] = None,
    ref_id: Annotated[
        str | None, typer.Option("--ref-id", help="Id của phần tử được ký (kiểu 2) / Id of the signed element")
    ] = None,
    facility: Annotated[
        str | None, typer.Option(help="Mã cơ sở trong cấu hình / facility of the configuration")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Thay chữ ký cũ / replace an older signature")] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ký một tệp XML; tệp gốc không bao giờ bị ghi đè / sign a file; the original is never overwritten."""
    document = _read(source)
    if target.resolve() == source.resolve():
        raise ConfigError(
            "OUT phải khác IN: tệp chưa ký được giữ nguyên", "OUT must differ from IN: the unsigned file stays"
        )
    if ref_id is not None and profile == 1:
        raise ConfigError("--ref-id chỉ dùng với --profile 2", "--ref-id goes with --profile 2 only")
    settings, base = _certificate_settings(p12, password_file, facility, workdir, config)
    now = system_clock()
    key = open_signer(settings, base)
    try:
        checks.require_usable(key.certificate, settings, now)
        signed = _sign(document, key, profile, ref_id, now, replace=replace)
        certificate = key.certificate
    finally:
        key.close()
    answer = verify(signed, at=now)
    answer.require()
    _write(target, signed)
    step = checks.expiry_step(certificate, now)
    if step is not None:
        left = checks.days_left(certificate, now)
        notes.print(f"Chứng thư số còn {left} ngày / the certificate ends in {left} days", style="yellow")
    if as_json:
        print_json({"file": str(target), **answer.to_dict()})
    else:
        say(f"{target}: đã ký, kiểu {profile} / signed, profile {profile}")


def verify_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Các tệp đã ký / signed files")],
    trust: Annotated[
        list[Path] | None,
        typer.Option("--trust", help="Tệp PEM của tổ chức cấp chứng thư / PEM of trusted authorities"),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Thời điểm xét hiệu lực, YYYYMMDDHHMM; mặc định: bây giờ / default: now")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Kiểm tra chữ ký; mã thoát 1 khi có tệp không hợp lệ / check signatures; exit code 1 when one is invalid."""
    documents = [(path, _read(path)) for path in files]
    moment = _moment(at)
    believed = Trust.from_files(trust) if trust else None
    answers = [(path, verify(document, trust=believed, at=moment)) for path, document in documents]
    if as_json:
        print_json({"files": [{"file": str(path), **answer.to_dict()} for path, answer in answers]})
    else:
        for path, answer in answers:
            _tell(path, answer)
        if believed is None:
            notes.print(
                "Chưa xét tổ chức cấp chứng thư: thêm --trust ca.pem / issuer not checked: add --trust ca.pem",
                style="yellow",
            )
    if not all(answer.valid for _, answer in answers):
        raise typer.Exit(1)


def _sign(document: bytes, key: KeyHolder, profile: int, ref_id: str | None, now: datetime, *, replace: bool) -> bytes:
    if profile == 2:
        return profile2.sign(document, key, at=now, ref_id=ref_id, replace=replace)
    return profile1.sign(document, key, replace=replace)


def _certificate_settings(
    p12: Path | None, password_file: Path | None, facility: str | None, workdir: Path | None, config: Path | None
) -> tuple[CertificateSettings, Path]:
    if p12 is not None:
        return CertificateSettings(
            path=p12.resolve(), password_file=password_file and password_file.resolve()
        ), Path.cwd()
    if password_file is not None:
        raise ConfigError("--password-file đi cùng --p12", "--password-file goes with --p12")
    settings = settings_of(workdir, config)
    if facility is not None:
        return settings.facility(facility).certificate, settings.workdir
    if len(settings.facilities) != 1:
        raise ConfigError(
            "Cấu hình không có đúng một cơ sở",
            "The configuration does not have exactly one facility",
            hint_vi="thêm --facility MÃ, hoặc --p12 và --password-file",
            hint_en="add --facility CODE, or --p12 and --password-file",
        )
    return settings.facilities[0].certificate, settings.workdir


def _moment(at: str | None) -> datetime:
    if at is None:
        return system_clock()
    try:
        return from_datetime12(at)
    except ValueError as error:
        raise ConfigError("--at phải có dạng YYYYMMDDHHMM", "--at must look like YYYYMMDDHHMM") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp: {error.strerror}", f"Cannot read the file: {error.strerror}", where=Where(str(path))
        ) from error


def _write(path: Path, content: bytes) -> None:
    # Written beside the target and moved, so that a crash leaves no half file that looks signed.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(
            f"Không ghi được tệp: {error.strerror}", f"Cannot write the file: {error.strerror}", where=Where(str(path))
        ) from error


def _tell(path: Path, answer: Verification) -> None:
    if answer.certificate is None:
        signer = ""
    else:
        until = answer.certificate.not_after.astimezone(VIETNAM).strftime("%d/%m/%Y")
        signer = f" · {answer.certificate.subject} · {answer.certificate.serial} · đến {until}"
    if answer.valid:
        say(f"{path}: HỢP LỆ / VALID · kiểu/profile {answer.profile}{signer}")
    else:
        say(f"{path}: KHÔNG HỢP LỆ / INVALID{signer}")
        for problem in answer.problems:
            say(f"  [{problem.code}] {problem.message_vi} / {problem.message_en}")
