"""``bhyt gateway``: run a practice gateway, see what it received, try the login at the real one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say
from adapter.cli.gateway import gateway_acts
from adapter.clock import system_clock
from adapter.engine.supervise import stop_with_parent
from adapter.errors import CertificateError, ConfigError
from adapter.settings import Facility, Settings, load_settings, read_secret

if TYPE_CHECKING:
    from adapter.simulator import SimFacility

app = typer.Typer(no_args_is_help=True, help="Cổng tiếp nhận: giả lập, thử kết nối / the gateway: practice, ping")

app.command("stop")(gateway_acts.stop)
app.command("go")(gateway_acts.go)
app.command("submit")(gateway_acts.submit)

_DATABASE = "gateway.db"


@app.command("simulate")
def simulate(
    port: Annotated[int | None, typer.Option("--port", help="0: cổng trống bất kỳ / any free port")] = None,
    db: Annotated[Path | None, typer.Option("--db", help="Nơi giữ những gì nhận được / where to keep it")] = None,
    faults: Annotated[Path | None, typer.Option("--faults", help="Kịch bản lỗi (YAML/JSON) / fault plan")] = None,
    simulator: Annotated[
        Path | None, typer.Option("--simulator", help="Cấu hình cổng giả lập (YAML) / simulator configuration")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Mặc định 127.0.0.1 / default 127.0.0.1")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Khóa điều khiển / control key")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Chạy cổng giả lập cho tới khi Ctrl-C / run a practice gateway until Ctrl-C.

    Trong một thư mục làm việc, các cơ sở của config.yaml được đăng ký sẵn; ngoài ra đăng ký bằng
    --simulator hoặc POST /_sim/facilities.
    """
    # The web framework is loaded only where a gateway runs, so that the other commands start at once.
    from adapter.simulator import FaultPlan, SimulatorConfig, serve

    settings = _settings(workdir, config)
    root = settings.workdir if settings is not None else (workdir or Path.cwd())
    named: dict[str, Any] = {
        "database": db if db is not None or simulator is not None else root / _DATABASE,
        "port": port if port is not None or simulator is not None else _port_of(settings),
        "host": host,
        "control_key": key,
        "faults": FaultPlan.load(faults) if faults else None,
    }
    chosen = {name: value for name, value in named.items() if value is not None}
    if settings is not None and simulator is None:
        chosen["facilities"] = tuple(registered(facility, settings) for facility in settings.facilities)
    wanted = SimulatorConfig.load(simulator, **chosen) if simulator else SimulatorConfig(**chosen)

    def ready(url: str) -> None:
        if json_:
            print_json(
                {"url": url, "database": str(wanted.database), "facilities": [f.code for f in wanted.facilities]}
            )
            return
        say(f"Cổng giả lập đang chạy / the practice gateway is running: {url}")
        say(f"  {wanted.database}")
        for facility in wanted.facilities:
            say(f"  {facility.code}  {facility.account}")
        if not wanted.facilities:
            notes.print("Chưa có cơ sở nào: POST /_sim/facilities / no facility yet: POST /_sim/facilities")

    stop_with_parent()
    serve(wanted, on_ready=ready)


@app.command("ping")
def ping(
    facility: Annotated[str | None, typer.Option("--facility", help="Mã cơ sở / facility code")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Đăng nhập thử vào cổng, không gửi gì / try the login at the gateway, send nothing."""
    # The client side is loaded only here: the practice gateway never shares its code.
    from adapter.gateway.client import GatewayClient

    settings = load_settings(workdir=workdir, config=config)
    wanted = [settings.facility(facility)] if facility else list(settings.facilities)
    results: list[dict[str, Any]] = []
    for one in wanted:
        client = GatewayClient(one, settings, system_clock)
        try:
            answer = client.ping()
        finally:
            client.close()
        results.append(
            {
                "facility": one.code,
                "gateway": settings.gateway.base_url,
                "environment": settings.gateway.environment,
                "milliseconds": answer.milliseconds,
                "outgoing_address": answer.outgoing_address,
                "through_proxy": answer.through_proxy,
                "token_expires_at": answer.expires_at,
            }
        )
    if json_:
        print_json({"ok": True, "facilities": results})
        return
    for row in results:
        say(f"{row['facility']}: {row['gateway']} ({row['environment']}) {row['milliseconds']} ms")


@app.command("received")
def received(
    db: Annotated[Path | None, typer.Option("--db", help="gateway.db của cổng giả lập / of the simulator")] = None,
    body: Annotated[bool, typer.Option("--body", help="Kèm nội dung tệp (JSON) / include the files (JSON)")] = False,
    ma_lk: Annotated[str, typer.Option("--ma-lk", help="Chỉ một MA_LK / one MA_LK only")] = "",
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Những gì cổng giả lập đã nhận / what the practice gateway received."""
    if db is None:
        settings = _settings(workdir, config)
        db = (settings.workdir if settings is not None else (workdir or Path.cwd())) / _DATABASE
    rows = _received(db, ma_lk=ma_lk, body=body)
    if json_:
        print_json(rows)
        return
    for row in rows:
        answer = row["answer"]
        say(
            f"{row['seq']:>6}  {row['at'][:19]}  {row['service']:<18} {row['facility']}  {row['ma_lk']:<24} "
            f"{answer.get('maKetQua', ''):>4}  {row['ma_giao_dich'] or answer.get('thongDiep', '')}"
        )
    notes.print(f"{len(rows)} tệp / files")


def registered(facility: Facility, settings: Settings) -> SimFacility:
    """What a facility of an installation would have registered on the portal: account, certificate, CA.

    The certificate is taken from the PKCS#12 file; ``ca.pem`` beside it is its authority. Raises
    ConfigError or CertificateError when a named file cannot be used.
    """
    from adapter.simulator.config import SimFacility, md5_upper

    password = read_secret(settings.path(facility.password_file), f"gateway account of {facility.code}")
    certificates: tuple[str, ...] = ()
    path = settings.path(facility.certificate.path)
    if facility.certificate.kind == "pkcs12" and path.is_file():
        certificates = (_certificate_pem(facility, settings, path),)
    authority = settings.workdir / "ca.pem"
    return SimFacility(
        code=facility.code,
        account=facility.account,
        md5=md5_upper(password),
        name=facility.name,
        certificates=certificates,
        serials=(facility.certificate.serial,) if facility.certificate.serial else (),
        ca=authority.read_text(encoding="ascii") if authority.is_file() else "",
        staff={one.citizen_number: one.name for one in settings.reception.staff},
    )


def _certificate_pem(facility: Facility, settings: Settings, path: Path) -> str:
    secret = facility.certificate.password_file
    password = read_secret(settings.path(secret), f"certificate of {facility.code}").encode() if secret else None
    try:
        loaded = pkcs12.load_pkcs12(path.read_bytes(), password)
    except ValueError as error:
        raise CertificateError(
            f"Không mở được chứng thư của cơ sở {facility.code}",
            f"The certificate of facility {facility.code} cannot be opened",
            hint_vi="kiểm tra mật khẩu và tệp PKCS#12",
            hint_en="check the password and the PKCS#12 file",
        ) from error
    if loaded.cert is None:
        raise CertificateError("Tệp PKCS#12 không chứa chứng thư", "The PKCS#12 file holds no certificate")
    return loaded.cert.certificate.public_bytes(Encoding.PEM).decode("ascii")


def _received(path: Path, *, ma_lk: str, body: bool) -> list[dict[str, Any]]:
    if not path.is_file():
        raise ConfigError(
            "Chưa có dữ liệu cổng giả lập",
            "There is no simulator database",
            tried=[str(path)],
            hint_vi="chạy `bhyt gateway simulate` hoặc `bhyt demo` trước",
            hint_en="run `bhyt gateway simulate` or `bhyt demo` first",
        )
    columns = "seq, at, service, facility, purpose, ma_lk, ma_giao_dich, sha256, answer, accepted, fault, replaced_by"
    if body:
        columns += ", body"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(
                f"SELECT {columns} FROM received WHERE ? IN ('', ma_lk) ORDER BY seq",  # noqa: S608 -- constants only
                (ma_lk,),
            )
            return [_plain(dict(row)) for row in found]
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            "Tệp không phải cơ sở dữ liệu của cổng giả lập", "The file is not a simulator's database", tried=[str(path)]
        ) from error


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    row["answer"] = json.loads(row["answer"])
    row["accepted"] = bool(row["accepted"])
    if "body" in row:
        row["body"] = row["body"].decode("utf-8", "replace")
    return row


def _port_of(settings: Settings | None) -> int | None:
    """The loopback port that the installation sends to; None lets the simulator choose its own default."""
    if settings is None:
        return None
    address = urlsplit(settings.gateway.base_url)
    return address.port if address.hostname in ("127.0.0.1", "localhost", "::1") else None


def _settings(workdir: Path | None, config: Path | None) -> Settings | None:
    """The installation, when there is one: a practice gateway also runs without."""
    if config is None and not ((workdir or Path.cwd()) / "config.yaml").is_file():
        return None
    return load_settings(workdir=workdir, config=config)
