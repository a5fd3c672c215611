"""The stages, each idempotent: killed anywhere and run again, the effect is the same.

Each stage is a function of the module of its name (``adapter.pipeline.pull.pull``).
"""

from typing import TYPE_CHECKING

from adapter.later import faces

if TYPE_CHECKING:
    from adapter.pipeline.context import Context, StageResult
    from adapter.pipeline.stages import STAGES
    from adapter.pipeline.workbench import Bench, InlineBench
else:
    __getattr__ = faces(
        __name__,
        {
            "STAGES": "stages",
            "Bench": "workbench",
            "Context": "context",
            "InlineBench": "workbench",
            "StageResult": "context",
        },
    )

__all__ = ["STAGES", "Bench", "Context", "InlineBench", "StageResult"]
