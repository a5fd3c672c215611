"""``Idempotency-Key``: a write asked for again with the same key is answered as the first time, and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from adapter.access import AccessRefused, Principal
from adapter.errors import BhytError
from adapter.store.store import Store

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="any text of your own, new for each act; kept for 24 hours",
    ),
]


class KeyRefused(AccessRefused):
    """The key was used for something else, or its first request is still at work."""

    code = "IDEMPOTENCY"


def once(
    store: Store,
    caller: Principal,
    key: str | None,
    *,
    request: Request,
    asked: BaseModel | None,
    work: Callable[[], dict[str, Any]],
    status: int = 200,
) -> Response:
    """Do ``work`` and answer with its document; with a key, once for all repeats of the same request.

    A work that raises BhytError did nothing: the key stays free. Raises KeyRefused (409, 422).
    """
    if key is None:
        return JSONResponse(work(), status_code=status)
    answers = store.people.answers
    earlier = answers.begin(caller.actor, key, _hash(request, asked))
    if earlier is not None:
        if not earlier.same:
            raise KeyRefused(
                "Khóa chống lặp này đã dùng cho một yêu cầu khác",
                "This idempotency key was used for another request",
                status=422,
            )
        if earlier.status is None:
            raise KeyRefused(
                "Yêu cầu đầu tiên với khóa này đang được làm; hỏi lại sau",
                "The first request with this key is at work; ask again later",
                status=409,
                wait=5,
            )
        return Response(
            earlier.body,
            status_code=earlier.status,
            media_type="application/json",
            headers={"Idempotent-Replayed": "true"},
        )
    try:
        answer = JSONResponse(work(), status_code=status)
    except BhytError:
        answers.give_back(caller.actor, key)
        raise
    answers.keep(caller.actor, key, status, bytes(answer.body))
    return answer


def _hash(request: Request, asked: BaseModel | None) -> str:
    parts = [request.method, request.url.path, None if asked is None else asked.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()
