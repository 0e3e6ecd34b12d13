"""Every example, from the upload to the endpoint's answers; what is measured is what is served."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.loop.user import ENDINGS, FAILURES, User

EXAMPLES = sorted(path.parent for path in Path("examples").glob("*/project.yaml"))


@pytest.fixture(scope="module")
def uploaded(user: User) -> None:
    """All at once: projects do not disturb one another."""
    for example in EXAMPLES:
        data = subprocess.run([sys.executable, example / "data.py"], check=True, capture_output=True).stdout
        user.upload(f"{example.name}/project.yaml", (example / "project.yaml").read_bytes())
        for file in sorted(example.glob("code/*")):
            user.upload(f"{example.name}/{file.relative_to(example)}", file.read_bytes())
        user.upload(f"{example.name}/train/{example.name}.csv", data)


@pytest.mark.usefixtures("uploaded")
@pytest.mark.parametrize("name", [example.name for example in EXAMPLES])
def test_example(name: str, user: User) -> None:
    ended = user.wait_event(name, ENDINGS, seconds=150)
    assert ended["detail-type"] == "Model Registered", ended["detail"]
    run, arn = ended["detail"]["run"], ended["detail"]["model_package_arn"]
    wanted = user.wait_notice(name, "Model Registered")
    assert any(arn in command and "Approved" in command for command in wanted["next"])
    user.approve(arn)
    deployed = user.wait_event(name, {"Model Deployed"} | FAILURES)
    assert deployed["detail-type"] == "Model Deployed", deployed["detail"]
    _answers_as_measured(user, name, run, ended["detail"]["metrics"])
    assert [item["status"] for item in user.runs(name)] == ["SUCCEEDED"]


def _answers_as_measured(user: User, name: str, run: str, metrics: dict[str, Any]) -> None:
    preparation = json.loads(user.read(f"{name}/runs/{run}/prepared/preparation.json"))
    rows = list(csv.reader(io.StringIO(user.read(f"{name}/runs/{run}/prepared/test/test.csv"))))
    columns = rows.pop(0) if preparation["header"] else None
    said = yaml.safe_load(Path("examples", name, "project.yaml").read_text())["target"]
    target = said % len(rows[0]) if isinstance(said, int) else (columns or _named(name)).index(said)
    answers = user.ask(name, [row[:target] + row[target + 1 :] for row in rows])
    pairs = [(row[target], answer[0]) for row, answer in zip(rows, answers, strict=True)]
    if preparation["problem"] == "regression":
        squares = [(float(truth) - float(answer)) ** 2 for truth, answer in pairs]
        assert (sum(squares) / len(squares)) ** 0.5 == pytest.approx(metrics["rmse"], rel=1e-4)
    else:
        accuracy = sum(truth == answer for truth, answer in pairs) / len(pairs)
        assert accuracy == pytest.approx(metrics["accuracy"], abs=1e-6)
        assert accuracy > 0.8


def _named(name: str) -> list[str]:
    return list(yaml.safe_load(Path("examples", name, "project.yaml").read_text())["columns"])
