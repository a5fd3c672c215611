"""OpenTelemetry for whoever runs a collector: a span for each run of a stage. Off unless ``telemetry.endpoint`` is set.

A span carries facility, stage, counts and the codes of failures: the same as the log, and nothing of a patient. What a
library or an exception says is never recorded. Needs the extra ``otel``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adapter.errors import ConfigError
from adapter.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from adapter.pipeline.context import StageResult

_tracer: Any = None


@contextmanager
def exporting(settings: Settings, role: str, *, exporter: Any = None) -> Iterator[None]:
    """Spans of this process go to the collector inside the block; what is left is sent at its end.

    ``exporter``: instead of OTLP over HTTP. Raises ConfigError when an endpoint is set and the extra is not installed.
    """
    global _tracer  # noqa: PLW0603 -- one process, one collector
    if settings.telemetry.endpoint is None:
        yield
        return
    provider = _provider(settings, role, exporter)
    before, _tracer = _tracer, provider.get_tracer("bhyt")
    try:
        yield
    finally:
        _tracer = before
        provider.shutdown()


class Run:
    """A run of a stage that is being traced; a run nobody traces does nothing."""

    __slots__ = ("_span",)

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def ended(self, result: StageResult) -> None:
        """Note what it did: counts and codes only."""
        if self._span is None:
            return
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attributes(
            {"bhyt.done": result.done, **{f"bhyt.count.{what}": count for what, count in result.counts.items()}}
        )
        if result.failures:
            self._span.set_attribute("bhyt.failures", [error.code for error in result.failures])
            self._span.set_status(Status(StatusCode.ERROR, result.failures[0].code))


@contextmanager
def stage_span(facility: str, stage: str) -> Iterator[Run]:
    """A span around one run of a stage."""
    if _tracer is None:
        yield Run()
        return
    with _tracer.start_as_current_span(
        f"stage {stage}",
        attributes={"bhyt.facility": facility, "bhyt.stage": stage},
        record_exception=False,  # an exception's words may quote a patient
        set_status_on_exception=False,
    ) as span:
        yield Run(span)


def _provider(settings: Settings, role: str, exporter: Any) -> TracerProvider:
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(endpoint=settings.telemetry.endpoint)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "telemetry.endpoint cần thêm gói OpenTelemetry",
            "telemetry.endpoint needs the packages of OpenTelemetry",
            hint_vi="cài bhyt-adapter[otel], hoặc bỏ telemetry.endpoint",
            hint_en="install bhyt-adapter[otel], or leave telemetry.endpoint out",
        ) from error
    resource = Resource.create({"service.name": settings.telemetry.service, "bhyt.role": role})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
