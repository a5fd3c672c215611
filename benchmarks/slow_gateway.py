"""A gateway that answers every call after a fixed time and does nothing else, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

_numbers = count(1)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            await reader.readexactly(length)
            token = b"/api/token/take" in head.split(b"\r\n", 1)[0]
            if not token:
                await asyncio.sleep(delay)
            body = json.dumps(_token() if token else _receipt()).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _token() -> dict[str, object]:
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.0000Z")
    key = {"access_token": "a", "id_token": "b", "token_type": "Bearer", "username": "x", "expires_in": expires}
    return {"maKetQua": "200", "APIKey": key}


def _receipt() -> dict[str, str]:
    return {
        "maKetQua": "200",
        "maGiaoDich": f"GD{next(_numbers)}",
        "thoiGianTiepNhan": "20261122120000",
        "thongDiep": "Tiếp nhận thành công",
    }


async def _main(delay: float) -> None:
    server = await asyncio.start_server(lambda r, w: _serve(r, w, delay), "127.0.0.1", 0, limit=2**26)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(float(sys.argv[1])))
