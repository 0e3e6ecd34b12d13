"""The real handlers of intake and of training's claims, on a bucket and tables in memory."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from intake import drops_table
from intake.drops_table import DropsTable

from tests.contract import application
from tests.machines.stateful import wiring
from tests.soak.executions import inspect
from tests.soak.s3 import S3

Handler = Callable[[Any, Any], Any]
NAMES = ("IntakeClaimDrops", "IntakePlanWindow", "IntakeCheckWindow", "IntakePlanClose", "IntakeListDrop",
         "IntakePlanInspection", "IntakeJudgeDrop", "IntakeFindMissed", "IntakeReadProject", "IntakeDecideRestart",
         "TrainingGatherInputs", "TrainingDecideRecovery", "TrainingExplainFailure")  # fmt: skip


class _InLine:
    """A pool of threads that is none: whoever steps through a function steps through all of it."""

    def __init__(self, workers: int) -> None:
        pass

    def __enter__(self) -> _InLine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @staticmethod
    def map(work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
        return [work(thing) for thing in things]


def load(s3: S3, dynamo: Any, time: Callable[[], Any], patch: pytest.MonkeyPatch) -> dict[str, Handler]:
    """Handlers by the names of their functions; the inspection is a small one, of bytes that are no table."""
    patch.setattr(drops_table, "ThreadPoolExecutor", _InLine)
    patch.setattr(drops_table, "now", time)
    for name in NAMES:
        variables = application.functions()[f"{name}Function"].get("Environment", {}).get("Variables", {})
        for variable, value in variables.items():
            patch.setenv(variable, str(value))
    found = {name: _handler(name, s3, dynamo, patch) for name in NAMES}
    return found | {"IntakeInspectDrop": lambda facts, _: inspect(s3, facts["project"], {"uri": facts["objects_uri"]})}


def _handler(name: str, s3: S3, dynamo: Any, patch: pytest.MonkeyPatch) -> Handler:
    row, *words = re.findall(r"[A-Z][a-z]*", name)
    module: Any = importlib.import_module(f"{row.lower()}.{'_'.join(words).lower()}")
    if hasattr(module, "settings"):
        patch.setattr(module, "settings", type(module.settings).read())
    for attribute, value in (("s3", s3), ("dynamodb", dynamo), ("table", DropsTable(dynamo, wiring.DROPS))):
        if hasattr(module, attribute):
            patch.setattr(module, attribute, value)
    if hasattr(module, "logger"):
        patch.setattr(module.logger, "info", lambda *_, **__: None)
    handler: Handler = module.handler
    return handler
