"""One facility's two ways out: dossiers through its province's hub, everything else to the BHXH gateway."""

from __future__ import annotations

from adapter.gateway.client import GatewayClient
from adapter.gateway.hub import HubClient, HubStatus
from adapter.gateway.outcome import Outcome
from adapter.gateway.services import Service, hub_service


class Routed:
    """Keeps :class:`adapter.gateway.client.Gateway`, and answers what became of a dossier."""

    def __init__(self, gateway: GatewayClient, hub: HubClient) -> None:
        self._gateway = gateway
        self._hub = hub
        self._through_hub = f"dossier-{hub_service().kind}"

    @property
    def logins(self) -> int:
        """Tokens asked for at both."""
        return self._gateway.logins + self._hub.logins

    def send(self, service: Service | str, document: bytes) -> Outcome:
        """Hand over one document where its service is taken. Never raises for what network or servers do."""
        name = service if isinstance(service, str) else service.name
        return self._hub.send(name, document) if name == self._through_hub else self._gateway.send(name, document)

    def status(self, ma_giao_dich: str) -> HubStatus:
        """What the hub says about a receipt. Raises GatewayRefusedLogin or GatewayUnreachable."""
        return self._hub.status(ma_giao_dich)

    def close(self) -> None:
        """Close both."""
        self._gateway.close()
        self._hub.close()
