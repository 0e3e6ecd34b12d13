"""Every example's data and project.yaml go through the loop: what the examples promise is true."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from dropforge.project_read import read_project
from dropforge_jobs import evaluate, prepare
from dropforge_jobs.job import run

from tests.unit.jobs.jobs_loop import archive, evaluation_job, full_loop, make_job

EXAMPLES = Path(__file__).parents[3] / "examples"


def data_of(name, capsys):
    runpy.run_path(str(EXAMPLES / name / "data.py"))
    return capsys.readouterr().out


def settings_of(name):
    """prepare.json as training.plan_run writes it, as far as preparing reads it."""
    project = read_project((EXAMPLES / name / "project.yaml").read_text())
    split = project.parts().model_dump(exclude_none=True)
    said = {"target": project.target, "columns": project.columns, "problem": project.problem, "split": split}
    return {**said, "passthrough": project.script is not None}


def test_every_example_is_tried_here():
    found = {path.parent.name for path in EXAMPLES.glob("*/project.yaml")}
    # awswrangler-cancer reads and writes S3 from its script: tests/local/loop runs it
    assert found == {"breast-cancer", "wine", "diabetes", "iris-script", "awswrangler-cancer"}
    assert all((EXAMPLES / name / "README.md").is_file() for name in found)


@pytest.mark.parametrize(
    ("name", "learnt", "limit"),
    [
        ("breast-cancer", ("binary", ["benign", "malignant"]), ("auc", 0.97)),
        ("wine", ("multiclass", ["1", "2", "3"]), ("accuracy", 0.9)),
        ("diabetes", ("regression", None), ("r2", 0.2)),
    ],
)
def test_built_in(tmp_path, capsys, name, learnt, limit):
    result = full_loop(tmp_path, settings_of(name), {f"{name}.csv": data_of(name, capsys)})
    assert (result.preparation["problem"], result.preparation["classes"]) == learnt
    metric, least = limit
    assert result.metrics[metric] >= least


def test_script(tmp_path, capsys):
    prepared = make_job(tmp_path / "prepare", settings_of("iris-script"), {"iris.csv": data_of("iris-script", capsys)})
    assert run(prepare.main, ["--base", str(prepared.base)]) == 0
    script = EXAMPLES / "iris-script" / "code" / "train.py"
    folders = {"SM_MODEL_DIR": str(tmp_path), "SM_CHANNEL_TRAIN": str(prepared.output / "train")}
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, **folders}, capture_output=True, text=True, check=True
    )
    assert "train_accuracy=1.0000" in done.stdout
    packed = archive({"model.joblib": (tmp_path / "model.joblib").read_bytes(), "code/train.py": script.read_bytes()})
    job = evaluation_job(tmp_path / "evaluate", prepared, packed, script="train.py")
    assert run(evaluate.main, ["--base", str(job.base)]) == 0
    found = json.loads((job.output / "evaluation.json").read_text())
    assert found["dataset"]["rows"] == 38
    assert found["multiclass_classification_metrics"]["accuracy"]["value"] > 0.85
