"""Handlers: deployed, named alike everywhere, given their environment, and light."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.contract.application import ROOT, ROWS, functions, machines

FUNCTIONS = ROOT / "functions"
IMPORT_PATHS = ("layers/core/python", "jobs/python", "functions")
# Who may import boto3: ADRs 0002, 0003, 0009, 0017, 0018 and 0020. Its client alone doubles a cold start.
WITH_BOTO3 = {
    "intake.claim_drops",
    "intake.check_window",
    "intake.list_drop",
    "intake.inspect_drop",
    "intake.find_missed",
    "deployment.find_lost",
    "training.gather_inputs",
    "training.package_model",
    "evaluation.compare_data",
    "experiment.verify_endpoint",
    "experiment.compare_answers",
    "batch.stage_rows",
    "batch.assemble_rows",
    "deploy.publish_jobs",
}
HEAVY = {"boto3", "botocore.session", "botocore.client", "pandas", "numpy", "requests", "urllib3"}
# The parts of Powertools that its logging and metrics submodules do without: 330 ms against 70.
HEAVY_POWERTOOLS = {
    "aws_xray_sdk",
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.data_classes",
}
# What Lambda and Powertools read themselves; not a setting of ours.
NOT_OURS = ("AWS_", "POWERTOOLS_", "LOG_LEVEL")

# Runs in a process of its own: reports what an import brought in, and which settings the module read.
PROBE = """
import importlib, json, sys
from dropforge.settings import Settings
module = importlib.import_module(sys.argv[1])
settings = [type(v) for v in vars(module).values() if isinstance(v, Settings)]
print(json.dumps({
    "modules": sorted(sys.modules),
    "callable": callable(getattr(module, "handler", None)),
    "settings": sorted(name.upper() for kind in settings for name in kind.model_fields),
}))
"""


def logical_id(module: str) -> str:
    """`training.plan_run` → `TrainingPlanRunFunction`."""
    return "".join(w.capitalize() for w in module.replace(".", "_").split("_")) + "Function"


def module_of(name: str) -> str:
    return str(functions()[name]["Handler"]).removesuffix(".handler")


def environment(name: str) -> dict[str, str]:
    return {k: str(v) for k, v in functions()[name].get("Environment", {}).get("Variables", {}).items()}


def handler_files() -> list[str]:
    """`row.module` of every file under functions/ that defines a module-level `handler`."""
    found = []
    for path in sorted(FUNCTIONS.glob("*/*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        defined = {n.name for n in body if isinstance(n, ast.FunctionDef)}
        assigned = {t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        if "handler" in defined | assigned:
            found.append(f"{path.parent.name}.{path.stem}")
    return found


@cache
def probe(name: str) -> dict[str, Any]:
    """Import the handler as Lambda would, with the environment of the template and nothing else of ours."""
    path = os.pathsep.join(str(ROOT / p) for p in IMPORT_PATHS)
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": path,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    if prefix := os.environ.get("PYTHONPYCACHEPREFIX"):
        given["PYTHONPYCACHEPREFIX"] = prefix
    command = [sys.executable, "-c", PROBE, module_of(name)]
    done = subprocess.run(command, env=given | environment(name), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} cannot be imported with the environment of its template:\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", functions())
def test_handler_imports_and_is_callable(name: str) -> None:
    assert probe(name)["callable"]


@pytest.mark.parametrize("name", functions())
def test_names_agree(name: str) -> None:
    module = module_of(name)
    assert name == logical_id(module)
    row, file = module.split(".")
    assert (FUNCTIONS / row / f"{file}.py").is_file()
    assert (ROOT / "tests/unit" / row / f"test_{file}.py").is_file(), f"{module} has no test of its own"


def test_every_handler_file_is_deployed() -> None:
    assert {logical_id(m) for m in handler_files()} == set(functions())


@pytest.mark.parametrize("name", functions())
def test_settings_are_the_environment(name: str) -> None:
    variables = {v for v in environment(name) if not v.startswith(NOT_OURS)}
    assert variables == set(probe(name)["settings"]), "the Environment in the stack and the Settings class differ"


@pytest.mark.parametrize("name", functions())
def test_handler_is_light(name: str) -> None:
    loaded = set(probe(name)["modules"])
    unwanted = {"pandas", "numpy"} if module_of(name) in WITH_BOTO3 else HEAVY
    assert loaded & (unwanted | HEAVY_POWERTOOLS) == set()


def imports(path: str) -> set[str]:
    """Top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def python_files(folder: str) -> list[str]:
    return [str(p.relative_to(ROOT)) for p in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", python_files("functions"))
def test_rows_do_not_import_one_another(path: str) -> None:
    row = path.split("/")[1]
    assert imports(path).isdisjoint(set(ROWS) - {row})
    assert imports(path).isdisjoint({"localcloud", "cli", "ministack"})


@pytest.mark.parametrize("path", python_files("layers/core/python/dropforge"))
def test_core_is_pure_and_knows_no_row(path: str) -> None:
    assert imports(path).isdisjoint({*ROWS, "deploy", "boto3", "botocore", "localcloud", "cli"})


@pytest.mark.parametrize("path", python_files("functions") + python_files("layers/core/python/dropforge"))
def test_root_of_powertools_is_never_named(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    named = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "aws_lambda_powertools"]
    named += [
        n for n in ast.walk(tree) if isinstance(n, ast.Import) and "aws_lambda_powertools" in {a.name for a in n.names}
    ]
    assert not named


def test_every_function_of_a_row_is_called_by_a_machine_of_that_row() -> None:
    called = {
        (m.row, v.rsplit("-", 1)[-1])
        for m in machines().values()
        for v in m.substitutions.values()
        if ":function:" in v
    }
    fed_otherwise = {"IntakeClaimDropsFunction", "DeployPublishJobsFunction"}  # a queue; CloudFormation
    for name in set(functions()) - fed_otherwise:
        assert (module_of(name).split(".")[0], name) in called
