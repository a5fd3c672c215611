"""The BHYT reception gateway as a client sees it: token, check-in, dossier; one judged outcome per sending."""

from __future__ import annotations

from adapter.gateway.client import Gateway, GatewayClient, Ping
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.gateway.services import Service, service, service_for, services

__all__ = [
    "Gateway",
    "GatewayClient",
    "Outcome",
    "OutcomeKind",
    "Ping",
    "Service",
    "service",
    "service_for",
    "services",
]
