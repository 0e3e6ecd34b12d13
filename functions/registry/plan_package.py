"""From a candidate to its model package."""

from __future__ import annotations

from dropforge.handler import takes
from registry import decide
from registry.models import PackagePlan, PlanPackage

settings = decide.PlanPackageSettings.read()


@takes(PlanPackage)
def handler(facts: PlanPackage) -> PackagePlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.plan_package(facts, settings)
