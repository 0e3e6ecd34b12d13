"""Facts that the tests of training, evaluation and registry start from."""

from __future__ import annotations

import json
from typing import Any

from dropforge.plan import FrozenDataset
from dropforge.project_read import read_project
from training import decide, fit
from training.models import PlanRun, PlanTraining
from training.plan_run import settings

RUN = "abcdefghij"
DIGEST = "d" * 64
BUILT_IN = "algorithm: xgboost\ntarget: income\n"
SCRIPT = "algorithm: sklearn\n"
PREPARATION = {  # summary.json
    "problem": "binary",
    "classes": 2,
    "rows": {"train": 700, "validation": 100, "test": 200},
    "features": 3,
    "warnings": [],
}


def config(text: str) -> str:
    """A project.yaml as intake stores it."""
    allowed = "111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:*"
    return read_project(text, allowed).model_dump_json(exclude_none=True)


def dataset(**changes: Any) -> dict[str, Any]:
    """What gather_inputs gave."""
    base: dict[str, Any] = {
        "digest": DIGEST,
        "uri": f"s3://artifacts-bucket/adult/datasets/{DIGEST}/",
        "objects": 1,
        "bytes": 1000,
        "head": {
            "columns": ["age", "sex", "income"],
            "fields": 3,
            "header": True,
            "rows": [["39", "Male", "<=50K"]],
        },
        "fingerprint": "f" * 64,
    }
    return FrozenDataset.model_validate(base | changes).model_dump(mode="json")


def code(*files: str) -> dict[str, Any]:
    """A frozen code/."""
    uri = f"s3://artifacts-bucket/adult/runs/{RUN}/sourcedir.tar.gz"
    return {"digest": "c" * 64, "uri": uri, "files": list(files)}


def plan_run_event(text: str = BUILT_IN, **changes: Any) -> dict[str, Any]:
    """The event of plan_run."""
    base = {
        "project": "adult",
        "run": RUN,
        "attempt": 1,
        "drop": RUN,
        "config": config(text),
        "dataset": dataset(),
        "code": None,
        "account": "000000000000",
        "region": "us-east-1",
    }
    return base | changes


def planned(text: str = BUILT_IN, **changes: Any) -> dict[str, Any]:
    """The run plan."""
    facts = PlanRun.model_validate(plan_run_event(text, **changes))
    return decide.plan_run(facts, settings).model_dump(mode="json")


def trained_plan(text: str = BUILT_IN, found: dict[str, Any] | None = PREPARATION, **changes: Any) -> dict[str, Any]:
    """The training plan."""
    preparation = None if found is None else json.dumps(found)
    facts = PlanTraining.model_validate({"plan": planned(text, **changes), "preparation": preparation})
    return fit.plan_training(facts).model_dump(mode="json")
