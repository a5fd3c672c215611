"""The routes of ``/v1`` over dossiers, messages, numbers, people and the audit log."""

from __future__ import annotations

from fastapi import APIRouter

from adapter.api.v1.acts import act_routes
from adapter.api.v1.audit import audit_routes
from adapter.api.v1.checks import check_routes
from adapter.api.v1.dossiers import dossier_routes
from adapter.api.v1.messages import message_routes
from adapter.api.v1.numbers import number_routes
from adapter.api.v1.people import people_routes
from adapter.api.v1.persons import person_routes
from adapter.settings import Settings
from adapter.store.store import Store


def v1_routes(settings: Settings, store: Store) -> list[APIRouter]:
    """Routers to hang on the web role's application."""
    return [
        dossier_routes(settings, store),
        act_routes(store),
        message_routes(settings, store),
        number_routes(settings, store),
        check_routes(settings, store),
        people_routes(settings, store),
        person_routes(store),
        audit_routes(store),
    ]
