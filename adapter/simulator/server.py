"""Running the practice gateway: in this thread until a signal, or beside other work."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapter.errors import ConfigError
from adapter.simulator.app import create_app
from adapter.simulator.config import SimulatorConfig

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _OpenProtocol(H11Protocol):
    """Hands the connection to the application, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def serve(config: SimulatorConfig, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. ``on_ready`` gets the base URL once calls are answered; port 0 picks a free one.

    Raises ConfigError when the address is taken, or when it is reachable from outside without a control key.
    """
    with _bound(config) as listener:
        server = _Server(_uvicorn(config), on_ready=lambda: on_ready(_url(config, listener)) if on_ready else None)
        server.run(sockets=[listener])


@contextmanager
def running(config: SimulatorConfig) -> Iterator[str]:
    """Serve in a thread of this process; yields the base URL, stops on leaving."""
    ready = threading.Event()
    failures: list[BaseException] = []
    with _bound(config) as listener:
        server = _Server(_uvicorn(config), on_ready=ready.set)

        def run() -> None:
            try:
                server.run(sockets=[listener])
            except BaseException as error:  # noqa: BLE001 -- handed over to the waiting thread below
                failures.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="bhyt-simulator", daemon=True)
        thread.start()
        ready.wait()
        if failures:
            raise failures[0]
        try:
            yield _url(config, listener)
        finally:
            server.should_exit = True
            thread.join(timeout=20)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], Any]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._on_ready()


def _uvicorn(config: SimulatorConfig) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(config),
        http=_OpenProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        server_header=False,
        proxy_headers=False,  # the caller's address is what a token is bound to: only our own switch may change it
    )


@contextmanager
def _bound(config: SimulatorConfig) -> Iterator[socket.socket]:
    if config.host not in _LOOPBACK and not config.control_key:
        raise ConfigError(
            "Cổng giả lập nghe ngoài máy này cần khóa điều khiển",
            "A simulator that listens beyond this machine needs a control key",
            hint_vi="đặt control_key, hoặc dùng host 127.0.0.1",
            hint_en="set control_key, or use host 127.0.0.1",
        )
    listener = socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            raise ConfigError(
                f"Không mở được cổng {config.port} trên {config.host}",
                f"Cannot open port {config.port} on {config.host}",
                hint_vi="chọn cổng khác bằng --port, hoặc --port 0",
                hint_en="choose another with --port, or --port 0",
            ) from error
        yield listener
    finally:
        listener.close()


def _url(config: SimulatorConfig, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{port}"
