"""``bhyt gateway stop|go|submit``: the stop switch, and files a person hands in (catalogues 01–06/DM, 01/BH, 09/BH)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.gateway.golive_cmd import FacilityOption, actor, only_facility
from adapter.clock import VIETNAM, system_clock
from adapter.engine.opening import open_store
from adapter.errors import ConfigError, Where
from adapter.gateway.client import GatewayClient
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.gateway.services import Service, service, services
from adapter.pipeline import flow
from adapter.settings import Facility, Settings
from adapter.signing.checks import require_usable
from adapter.signing.keys import open_signer
from adapter.signing.profiles import prepare_signature
from adapter.signing.verify import verify
from adapter.store.work.gates import ALL

Reason = Annotated[str, typer.Option("--reason", help="Lý do, được ghi lại / why; it is recorded")]
Operation = Annotated[
    str, typer.Option("--only", help="checkin, dossier; mặc định cả hai / default: both", show_default=False)
]

_HANDED_OVER_BY_THE_PIPELINE = ("checkin-", "dossier-")
FOLDER = "submissions"


def stop(
    reason: Reason,
    only: Operation = ALL,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Ngừng gửi ngay; mọi bước khác vẫn chạy / stop sending at once; every other stage goes on."""
    _turn(flow.stop, reason, only, facility, workdir, config, json_)


def go(
    reason: Reason,
    only: Operation = ALL,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Cho gửi lại, kể cả khi đang tạm dừng sau lỗi / send again, also after a pause that trouble caused."""
    _turn(flow.go, reason, only, facility, workdir, config, json_)


def _turn(
    switch: Any, reason: str, only: str, facility: str | None, workdir: Path | None, config: Path | None, json_: bool
) -> None:
    if only not in (ALL, *flow.OPERATIONS):
        raise ConfigError(
            f"--only không nhận {only}", f"--only does not take {only}", hint_en=f"use {', '.join(flow.OPERATIONS)}"
        )
    settings = settings_of(workdir, config)
    wanted = [settings.facility(facility)] if facility else list(settings.facilities)
    with open_store(settings) as store:
        for one in wanted:
            switch(store, one.code, reason=reason, actor=actor(), clock=system_clock, operation=only)
        rows = [
            {
                "facility": gate.facility,
                "service": gate.service,
                "kind": gate.kind,
                "closed": gate.closed,
                "reason": gate.reason,
                "until": gate.until.isoformat() if gate.until else None,
            }
            for one in wanted
            for gate in store.gates.all(one.code)
        ]
    if json_:
        print_json({"gates": rows})
        return
    for row in rows:
        closed = "ngừng / stopped" if row["closed"] else "gửi / sending"
        say(f"{row['facility']} {row['service']} {row['kind']}: {closed} · {row['reason']}")


def submit(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="catalogue-01 … catalogue-06, summary-01bh …")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Tệp XML, chưa ký hoặc đã ký / signed or not")],
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Ký (nếu chưa ký), tự kiểm và nộp một tệp; mã thoát 1 khi cổng không nhận / sign, verify and hand in one file."""
    wanted = _submittable(name)
    settings = settings_of(workdir, config)
    one = only_facility(settings, facility)
    try:
        document = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            "Không đọc được tệp", "The file cannot be read", where=Where(file=str(file)), tried=[str(file)]
        ) from error
    signed = _signed(document, wanted, one, settings)
    client = GatewayClient(one, settings, system_clock)
    try:
        outcome = client.send(wanted, signed)
    finally:
        client.close()
    proof = _proof(wanted, one, signed, outcome)
    folder = settings.workdir / FOLDER
    folder.mkdir(exist_ok=True)
    stamp = system_clock().astimezone(VIETNAM).strftime("%Y%m%d-%H%M%S")
    kept = folder / f"{stamp}-{one.code}-{name}-{proof['sha256'][:8]}.json"
    kept.write_text(json.dumps(proof, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if json_:
        print_json({**proof, "proof": str(kept)})
    else:
        word = outcome.ma_giao_dich or outcome.meaning_vi or outcome.message
        say(f"{name}: {outcome.kind.value} · {word}")
        say(f"  {kept}")
    raise typer.Exit(0 if outcome.kind is OutcomeKind.ACCEPTED else 1)


def _submittable(name: str) -> Service:
    wanted = service(name)
    if wanted.question or name.startswith(_HANDED_OVER_BY_THE_PIPELINE):
        known = ", ".join(
            n for n, s in services().items() if not s.question and not n.startswith(_HANDED_OVER_BY_THE_PIPELINE)
        )
        raise ConfigError(
            f"{name} không nộp bằng lệnh này",
            f"{name} is not handed in by this command",
            hint_vi=f"hồ sơ khám chữa bệnh do dịch vụ tự gửi; lệnh này nộp: {known}",
            hint_en=f"dossiers are sent by the service itself; this command hands in: {known}",
        )
    return wanted


def _signed(document: bytes, wanted: Service, facility: Facility, settings: Settings) -> bytes:
    now = system_clock()
    if b"SignatureValue" in document:
        verify(document, trust=None, at=now).require()
        return document
    key = open_signer(facility.certificate, settings.workdir)
    try:
        require_usable(key.certificate, facility.certificate, now)
        place, unsigned = prepare_signature(wanted.profile or 1, document, key.certificate, at=now)
        signed = place.fill(unsigned.with_value(key.sign(unsigned.to_sign)))
    finally:
        key.close()
    verify(signed, trust=None, at=now).require()
    return signed


def _proof(wanted: Service, facility: Facility, signed: bytes, outcome: Outcome) -> dict[str, Any]:
    """What is kept of a submission: never its content."""
    return {
        "service": wanted.name,
        "facility": facility.code,
        "at": system_clock().astimezone(VIETNAM).isoformat(timespec="seconds"),
        "by": actor(),
        "sha256": hashlib.sha256(signed).hexdigest(),
        "outcome": outcome.kind.value,
        "maKetQua": outcome.ma_ket_qua,
        "maGiaoDich": outcome.ma_giao_dich,
        "thongDiep": outcome.message,
        "meaning_vi": outcome.meaning_vi,
        "meaning_en": outcome.meaning_en,
    }
