"""The stages by name, in the order a dossier meets them."""

from __future__ import annotations

from adapter.pipeline.check import check
from adapter.pipeline.follow import follow
from adapter.pipeline.pull import pull
from adapter.pipeline.reconcile import reconcile
from adapter.pipeline.send import send
from adapter.pipeline.sign import sign
from adapter.pipeline.translate import translate

STAGES = {
    "pull": pull,
    "translate": translate,
    "check": check,
    "sign": sign,
    "send": send,
    "follow": follow,
    "reconcile": reconcile,
}
"""Name → stage, in the order a dossier meets them."""
