"""The stages, each idempotent: killed anywhere and run again, the effect is the same.

Each stage is a function of the module of its name (``adapter.pipeline.stages.pull.pull``).
"""

from typing import TYPE_CHECKING

from adapter.later import faces

if TYPE_CHECKING:
    from adapter.pipeline.context import Context, StageResult
    from adapter.pipeline.stages.table import STAGES
    from adapter.pipeline.workbench import Bench, InlineBench
else:
    __getattr__ = faces(
        __name__,
        {
            "STAGES": "stages.table",
            "Bench": "workbench",
            "Context": "context",
            "InlineBench": "workbench",
            "StageResult": "context",
        },
    )

__all__ = ["STAGES", "Bench", "Context", "InlineBench", "StageResult"]
