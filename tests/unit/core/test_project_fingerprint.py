from __future__ import annotations

import json

import pytest
from dropforge.project import Project
from dropforge.project_read import read_project

TABLE = "algorithm: xgboost\ntarget: y\n"


def fingerprint(text: str, before: str = TABLE) -> str:
    return read_project(before + text).training_fingerprint()


@pytest.mark.parametrize(
    "text",
    [
        "version: 1",
        "evaluate: {metric: auc, min: 0.5}",
        "deploy: {instance_type: ml.c5.xlarge, capture: {}}",
        "notify: {email: [ada@example.com]}",
        "budget: {run_usd: 5}",
        "data: {quiet_period: 7, complete_on: success, checks: {drift: refuse}}",
        "train: {instance_type: ml.c5.xlarge, max_runtime: 600, volume_size: 50, spot: true, max_wait: 900}",
        "train: {fallback: [ml.c5.xlarge], checkpoints: true}",
        "split: {test: 0.2}",
        "split: {}",
        "tune: {enabled: false}",
        "label: {task: bounding_box, labels: [a]}",
    ],
)
def test_what_does_not_change_the_model_is_not_in_it(text: str) -> None:
    assert fingerprint(text) == fingerprint("")


@pytest.mark.parametrize(
    "text",
    [
        "problem: regression",
        "columns: [x, y]",
        "data: {mode: append}",
        "data: {format: tsv}",
        "data: {checks: {ragged_rows: skip}}",
        "split: {test: 0.3}",
        "split: {seed: 43}",
        "split: {by: {group: g}}",
        "train: {hyperparameters: {eta: 0.3}}",
        "train: {instance_count: 2}",
        "train: {script: fit.py}",
        "train: {network_isolation: false}",
        "tune: {}",
    ],
)
def test_what_changes_the_model_is_in_it(text: str) -> None:
    assert fingerprint(text) != fingerprint("")


def test_the_bytes_of_a_script_are_not_its_parts() -> None:
    script = "algorithm: sklearn\ntarget: y\n"
    assert fingerprint("split: {}", script) != fingerprint("", script)


def test_how_a_file_says_it_does_not_matter() -> None:
    one = fingerprint("train: {hyperparameters: {eta: 0.1, max_depth: 3}}\nproblem: binary")
    assert one == fingerprint("problem: binary\ntrain:\n  hyperparameters:\n    max_depth: 3\n    eta: 0.1\n")
    assert json.loads(one)["train"]["hyperparameters"] == {"eta": 0.1, "max_depth": 3}


def test_the_stored_json_says_only_what_the_file_says() -> None:
    project = read_project(TABLE + "deploy: {capture: {}}\ndata: {quiet_period: 9}")
    said = {"algorithm": "xgboost", "target": "y", "data": {"quiet_period": 9}, "deploy": {"capture": {}}}
    assert json.loads(project.to_json()) == said
    assert Project.model_validate_json(project.to_json()) == project
