"""The BHYT reception gateway as a client sees it: one judged outcome per sending, answers to questions."""

from __future__ import annotations

from adapter.gateway.client import Gateway, GatewayClient, Ping
from adapter.gateway.hub import HubClient, HubStatus
from adapter.gateway.lookup import Answer, AnswerKind, Person, Staff
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.gateway.services import Service, service, service_for, services

__all__ = [
    "Answer",
    "AnswerKind",
    "Gateway",
    "GatewayClient",
    "HubClient",
    "HubStatus",
    "Outcome",
    "OutcomeKind",
    "Person",
    "Ping",
    "Service",
    "Staff",
    "service",
    "service_for",
    "services",
]
