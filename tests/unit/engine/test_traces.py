"""OpenTelemetry when it is asked for: a span per stage run, over the wire, naming nobody; nothing when it is not."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from adapter.engine import traces
from adapter.engine.installation import FacilityLine
from adapter.errors import ConfigError
from adapter.settings import Settings, TelemetrySettings
from adapter.store import Store
from tests.support.pipeline_world import FACILITY, FakeGateway, Time, World, unreachable, vault

NAME = "Trần Văn Bí Mật"


class Line(FacilityLine):
    """A line over the small world."""

    world: World

    def _open_plan(self) -> Any:
        return self.world.plan

    def _open_source(self) -> Any:
        return self.world.source

    def _open_gateway(self) -> FakeGateway:
        return self.world.gateway


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    time = Time()
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), time) as store:
        world = World(store, time)
        settings = world.context().settings
        made = Line(settings, settings.facilities[0], store, time)
        made.world = world
        yield made


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a collector, and what it was sent."""
    heard: list[bytes] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_each_stage_run_is_a_span_that_names_nobody(line: Line, collector: tuple[str, list[bytes]]) -> None:
    endpoint, heard = collector
    settings = line._settings.model_copy(update={"telemetry": TelemetrySettings(endpoint=endpoint, service="bv-vd")})
    world = line.world
    world.source.put("1", name=NAME)
    world.source.put("2", name=NAME, broken=True)
    world.gateway.answer = lambda *_: unreachable()
    with traces.exporting(settings, "engine"):
        for stage in ("pull", "translate"):
            line.run(stage)
        world.run("check", "sign")
        line.run("send")
        with pytest.raises(ValueError, match=NAME), traces.stage_span(FACILITY, "check"):
            raise ValueError(NAME)
    spans = [
        span
        for body in heard
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [span.name for span in spans] == ["stage pull", "stage translate", "stage send", "stage check"]
    told = [{one.key: one.value for one in span.attributes} for span in spans]
    assert told[0]["bhyt.facility"].string_value == FACILITY
    assert told[0]["bhyt.count.new"].int_value == 2
    assert told[2]["bhyt.failures"].array_value.values[0].string_value == "GATEWAY-DOWN"
    assert spans[2].status.code == 2
    assert not any(span.events for span in spans)
    everything = b"".join(heard)
    assert b"bv-vd" in everything
    for value in (NAME, "LK1", "LK2"):
        assert value.encode() not in everything


def test_without_an_endpoint_nothing_is_loaded_or_sent(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        assert not name.startswith("opentelemetry"), "not asked for, not loaded"
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with traces.exporting(line._settings, "engine"):
        assert line.run("pull").ok


def test_an_endpoint_without_the_packages_is_a_clear_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    settings = Settings(telemetry=TelemetrySettings(endpoint="http://127.0.0.1:4318/v1/traces"))
    with pytest.raises(ConfigError, match="OpenTelemetry") as refused, traces.exporting(settings, "engine"):
        pass
    assert "bhyt-adapter[otel]" in refused.value.hint_en
