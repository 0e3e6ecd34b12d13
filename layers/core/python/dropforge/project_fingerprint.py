"""What of a project.yaml the trained model depends on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dropforge.project_base import on

if TYPE_CHECKING:
    from dropforge.project import Project

# Where, how fast and for how much a job runs. The number of hosts stays: training on shards gives another model.
_RUNNING = {"instance_type", "max_runtime", "volume_size", "spot", "max_wait", "checkpoints", "fallback"}
_SEARCHING = {"enabled", "parallel", "max_runtime"}


def canonical(project: Project) -> str:
    """Sorted, compact JSON; equal for two files that say the same in other words."""
    policies = project.data.checks.model_dump()
    said: dict[str, Any] = {
        "algorithm": project.algorithm,
        "target": project.target,
        "problem": project.problem,
        "columns": project.columns,
        # Other checks only decide whether a drop is trained on, not what it holds.
        "data": {
            "mode": project.data.mode,
            "format": project.data.format,
            "skipped": sorted(name for name, policy in policies.items() if policy == "skip"),
        },
        # Without `split` a script gets the dropped bytes; a built-in algorithm gets the default one.
        "split": project.parts().model_dump() if project.split or not project.script else None,
        "train": {"script": project.script} | project.train.model_dump(exclude=_RUNNING | {"script"}),
        "tune": project.tune.model_dump(exclude=_SEARCHING) if project.tune and on(project.tune) else None,
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
