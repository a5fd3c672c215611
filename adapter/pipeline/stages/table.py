"""The stages by name, in the order a dossier meets them."""

from __future__ import annotations

from adapter.pipeline.stages.check import check
from adapter.pipeline.stages.follow import follow
from adapter.pipeline.stages.pull import pull
from adapter.pipeline.stages.reconcile import reconcile
from adapter.pipeline.stages.send import send
from adapter.pipeline.stages.sign import sign
from adapter.pipeline.stages.translate import translate

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
