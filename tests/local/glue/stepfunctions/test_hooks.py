"""ministack is pinned: if a name that we hook is gone or has another signature, this says which."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from localcloud.glue import hooks, stepfunctions

from .conftest import ROOT

# In a process of its own: here, or in other tests, hooks may be installed already.
CHECK = """
from localcloud.glue import stepfunctions
stepfunctions.check_hooks()
"""


def test_everything_that_we_use_is_there() -> None:
    run = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("change", ["gone", "signature"])
def test_a_change_is_named(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    known: dict[tuple[str, str], Any] = dict(stepfunctions.HOOKED)
    if change == "gone":
        known["services.stepfunctions", "_no_such_name"] = None
    else:
        known["core.arn", "parse_arn"] = "(something_else)"
    monkeypatch.setattr(stepfunctions, "HOOKED", known)
    with pytest.raises(hooks.HookError, match="_no_such_name is gone" if change == "gone" else "should be parse_arn"):
        stepfunctions.check_hooks()


def test_every_name_that_the_package_asks_for_is_checked() -> None:
    """A `hooks.target(module, name)` in this package must be in HOOKED."""
    import ast

    asked = set()
    constants = {"_SFN": "services.stepfunctions", "_EVENTS": "services.eventbridge", "_ACTIONS": "core.iam_actions"}
    for path in (ROOT / "localcloud/glue/stepfunctions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) < 2:
                continue
            if node.func.attr not in ("target", "replace", "wrap") or ast.unparse(node.func.value) != "hooks":
                continue
            module, name = node.args[:2]
            if isinstance(name, ast.Constant):
                where = module.value if isinstance(module, ast.Constant) else constants[ast.unparse(module)]
                asked.add((where, name.value))
    assert asked, "no hook found: has the package changed its way of hooking?"
    assert asked <= stepfunctions.HOOKED.keys(), asked - stepfunctions.HOOKED.keys()
