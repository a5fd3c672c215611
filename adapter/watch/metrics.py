"""The service in numbers, for Prometheus: counts, ages and times, labelled by facility and stage, never by patient."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapter.settings import Settings
from adapter.store.store import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Figures(Collector):
    """Reads the store when it is asked; keeps nothing between two questions."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """Everything, of this moment."""
        store, settings = self._store, self._settings
        now = store.clock()
        watch = settings.watch
        dossiers = _gauge("bhyt_dossiers", "Dossiers by where they stand", "facility", "group", "state")
        conserved = _gauge("bhyt_equation_holds", "1 when the equation of every day holds", "facility")
        read = CounterMetricFamily("bhyt_encounters_read", "Encounters read, each once", labels=["facility"])
        near = _gauge("bhyt_deadline_near", "Dossiers due soon without receipt", "facility")
        late = _gauge("bhyt_deadline_passed", "Dossiers past their deadline", "facility")
        age = _gauge("bhyt_oldest_waiting_seconds", "How long the oldest moving dossier has not moved", "facility")
        receipt = _gauge("bhyt_last_receipt_seconds", "Unix time of the newest receipt", "facility")
        for one in settings.facilities:
            summary = store.balance.summary(one.code)
            for group in ("dossiers", "checkins"):
                for state, count in summary[group].items():
                    dossiers.add_metric([one.code, group, state], count)
            conserved.add_metric([one.code], 1 if summary["conserved"] else 0)
            read.add_metric([one.code], summary["encounters_read"])
            seen = store.watching.figures(
                one.code, now=now, near_until=now + timedelta(hours=watch.deadline_hours), since=now - timedelta(days=1)
            )
            near.add_metric([one.code], seen.near)
            late.add_metric([one.code], seen.late)
            age.add_metric([one.code], (now - seen.oldest_moving).total_seconds() if seen.oldest_moving else 0)
            if seen.last_receipt is not None:
                receipt.add_metric([one.code], seen.last_receipt.timestamp())
        yield from (dossiers, conserved, read, near, late, age, receipt)
        yield from self._service()

    def _service(self) -> Iterator[Metric]:
        store = self._store
        now = store.clock()
        works = _gauge("bhyt_stage_works", "1 while a stage's last run succeeded", "facility", "stage")
        ran = _gauge("bhyt_stage_last_run_seconds", "Unix time of its last run", "facility", "stage")
        for health in store.health.stages():
            works.add_metric([health.facility, health.stage], 0 if health.failing_since else 1)
            ran.add_metric([health.facility, health.stage], health.last_run_at.timestamp())
        shut = _gauge("bhyt_gate_closed", "1 while sending is kept back", "facility", "service", "kind")
        for gate in store.gates.all():
            closed = gate.closed and (gate.until is None or gate.until > now)
            shut.add_metric([gate.facility, gate.service, gate.kind], 1 if closed else 0)
        ends = _gauge("bhyt_certificate_ends_seconds", "Unix time the certificate ends", "facility")
        for certificate in store.health.certificates():
            ends.add_metric([certificate.facility], certificate.not_after.timestamp())
        alerts = _gauge("bhyt_alert", "1 for each alert that stands", "facility", "condition", "severity")
        for alert in store.alerts.list():
            alerts.add_metric([alert.facility, alert.condition, alert.severity], 1)
        disk = _gauge("bhyt_disk_free_bytes", "Free bytes where the workdir is")
        disk.add_metric([], shutil.disk_usage(self._settings.workdir).free)
        yield from (works, ran, shut, ends, alerts, disk)


def exposition(store: Store, settings: Settings) -> bytes:
    """All metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(store, settings))
    return generate_latest(registry)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
