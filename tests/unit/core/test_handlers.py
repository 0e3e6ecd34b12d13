"""What every handler keeps: it starts fast, it is documented, and its event may grow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = ROOT / "functions"
ACTING = {
    "intake.claim_drops",
    "intake.check_window",
    "intake.list_drop",
    "intake.inspect_drop",
    "intake.find_missed",
    "deployment.find_lost",
    "training.gather_inputs",
    "training.package_model",
    "evaluation.compare_data",
    "experiment.compare_answers",
    "experiment.verify_endpoint",
    "batch.stage_rows",
    "batch.assemble_rows",
    "deploy.publish_jobs",
}
HANDLERS = sorted(
    f"{p.parent.name}.{p.stem}" for p in FUNCTIONS.glob("*/*.py") if "\ndef handler(" in p.read_text(encoding="utf-8")
)
DECIDING = [h for h in HANDLERS if h not in ACTING]
HEAVY = ("boto3", "pandas", "numpy", "yaml", "aws_lambda_powertools.utilities.parser", "aws_xray_sdk", "hypothesis")


def test_there_are_handlers() -> None:
    assert len(DECIDING) >= 14
    assert set(HANDLERS) >= ACTING


@pytest.mark.parametrize("handler", DECIDING)
def test_a_deciding_function_imports_nothing_heavy(handler: str) -> None:
    code = f"import json, sys, {handler}; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_nobody_imports_powertools_as_a_whole_or_another_row() -> None:
    rows = {p.name for p in FUNCTIONS.iterdir() if p.is_dir()}
    for path in FUNCTIONS.glob("*/*.py"):
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        imported = {words[1] for words in lines if words and words[0] in ("import", "from")}
        assert "aws_lambda_powertools" not in imported, path
        others = rows - {path.parent.name}
        assert not {name.split(".")[0] for name in imported} & others, path


def test_the_readme_lists_every_function() -> None:
    text = (FUNCTIONS / "README.md").read_text(encoding="utf-8")
    for handler in HANDLERS:
        assert f"`{handler.split('.')[1]}`" in text, handler


def test_a_handler_without_its_environment_says_which_variable() -> None:
    code = "import training.plan_run"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, text=True, env={"PATH": ""}, check=False
    )
    assert done.returncode != 0
    assert "SettingsError" in done.stderr
    assert "JOBS_PREFIX: Field required" in done.stderr
