"""The stages, each idempotent: killed anywhere and run again, the effect is the same."""

from adapter.pipeline.check import check
from adapter.pipeline.collect import collect
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.follow import follow
from adapter.pipeline.pull import pull
from adapter.pipeline.reconcile import reconcile
from adapter.pipeline.send import send
from adapter.pipeline.sign import sign
from adapter.pipeline.translate import translate
from adapter.pipeline.workbench import Bench, InlineBench

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

__all__ = [
    "STAGES",
    "Bench",
    "Context",
    "InlineBench",
    "StageResult",
    "check",
    "collect",
    "follow",
    "pull",
    "reconcile",
    "send",
    "sign",
    "translate",
]
