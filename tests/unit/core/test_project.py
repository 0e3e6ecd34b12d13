from __future__ import annotations

import json
from typing import Any

import pytest
from dropforge.errors import ProjectInvalidError
from dropforge.project import Project
from dropforge.project_read import read_project
from hypothesis import given, settings
from hypothesis import strategies as st

MINIMAL = "algorithm: xgboost\ntarget: income\n"


def problems(text: str, images: str = "") -> list[dict[str, Any]]:
    with pytest.raises(ProjectInvalidError) as caught:
        read_project(text, images)
    return caught.value.problems


def refused(text: str) -> list[dict[str, Any]] | None:
    """The problems as the error's message carries them; None for a valid project."""
    try:
        read_project(text)
    except ProjectInvalidError as error:
        told: list[dict[str, Any]] = json.loads(str(error))["problems"]
        return told
    return None


def only(text: str) -> dict[str, Any]:
    (found,) = problems(text)
    return found


def test_two_lines_suffice() -> None:
    project = read_project(MINIMAL)
    assert (project.target, project.script, project.train.instance_type) == ("income", None, "ml.m5.large")
    assert Project.model_validate_json(project.model_dump_json(exclude_none=True)) == project


def test_a_script_needs_one_line() -> None:
    assert read_project("algorithm: sklearn").script == "train.py"


def test_the_target_may_be_an_index_and_a_name_may_look_like_a_number() -> None:
    assert read_project("algorithm: xgboost\ntarget: -1").target == -1
    assert read_project("algorithm: xgboost\ntarget: '14'").target == "14"


@pytest.mark.parametrize("word", ["no", "on", "y", "off", "1:30", "2024-01-01", "0x1f", "1_000"])
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(word: str) -> None:
    assert read_project(f"algorithm: xgboost\ntarget: {word}").target == word


@pytest.mark.parametrize(
    ("text", "line", "field", "reason", "fix"),
    [
        ("algorithm: xgbost\ntarget: a", 1, "algorithm", "not one of", "write xgboost"),
        (MINIMAL + "train:\n  instance_typ: ml.m5.large", 4, "train.instance_typ", "unknown key", "instance_type"),
        ("algorithm: blazingtext\ntarget: a", 1, "algorithm", "not in this version", "write xgboost"),
        (MINIMAL + "train:\n  max_runtime: soon", 4, "train.max_runtime", "whole number", "whole number"),
        (MINIMAL + "train:\n  max_runtime: true", 4, "train.max_runtime", "whole number", "whole number"),
        (MINIMAL + "train: {max_runtime: 5}", 3, "train.max_runtime", "greater than or equal to 60", "60 to 2419200"),
        (MINIMAL + "train:\n  instance_type: m5.large", 4, "train.instance_type", "look right", "ml.m5.large"),
        (MINIMAL + "train: 3", 3, "train", "block", "block"),
        (MINIMAL + "columns: [a, 1, income]", 3, "columns[1]", "text", "quotes"),
        ("algorithm: xgboost\ntarget: [a]", 2, "target", "must be a column", "index"),
        ("algorithm: xgboost", 1, "target", "required", "income"),
        ("algorithm: xgboost\ntarget: b\ncolumns: [a, bb]", 2, "target", "not one of", "bb"),
        ("algorithm: xgboost\ntarget: 2\ncolumns: [a, b]", 2, "target", "only 2", "0 to 1"),
        (MINIMAL + "columns: [income, a, a]", 3, "columns", "'a' is there twice", "own"),
        (MINIMAL + "split: {test: 0.6, validation: 0.4}", 3, "split", "nothing to train on", "less than 1"),
        (MINIMAL + "split: {test: 0.0}", 3, "split.test", "nothing would be left", "0.2"),
        (MINIMAL + "split: {by: {}}", 3, "split.by", "exactly one", "keep one"),
        (MINIMAL + "split: {by: {time: t}, stratify: true}", 3, "split.stratify", "does not go together", "remove"),
        (MINIMAL + "problem: regression\nsplit: {stratify: true}", 4, "split.stratify", "no classes", "remove"),
        (MINIMAL + "train: {metrics: [{name: a, regex: 'a'}]}", 3, "train.metrics", "AWS refuses", "train.script"),
        (
            MINIMAL + "train: {hyperparameters: {max_dept: 3}}",
            3,
            "train.hyperparameters.max_dept",
            "knows no",
            "max_depth",
        ),
        (
            MINIMAL + "train: {hyperparameters: {objective: a}}",
            3,
            "train.hyperparameters.objective",
            "cannot",
            "binary:l",
        ),
        (MINIMAL + "train: {channels: {validation: test}}", 3, "train.channels", "only a script", "remove"),
        (
            "algorithm: sklearn\ntrain: {metrics: [{name: a, regex: 'a=('}]}",
            2,
            "train.metrics[0].regex",
            "not a reg",
            "quotes",
        ),
        (
            "algorithm: sklearn\ntrain: {metrics: [{name: a, regex: 'a'}]}",
            2,
            "train.metrics[0].regex",
            "0 groups",
            "one pair",
        ),
        ("algorithm: sklearn\ntrain: {channels: {train: code}}", 2, "train.channels.train", "cannot name", "letters"),
        ("algorithm: sklearn\nsplit: {test: 0.2}", 1, "target", "required", "name the column"),
        (
            "algorithm: sklearn\nevaluate: {metric: f1, min: 1}",
            2,
            "evaluate.metric",
            "without `split`",
            "train.metrics",
        ),
        (MINIMAL + "evaluate: {metric: acuracy, min: 0.5}", 3, "evaluate.metric", "not measured", "accuracy"),
        (MINIMAL + "evaluate: {metric: auc}", 3, "evaluate.metric", "needs a limit", "min"),
        (MINIMAL + "evaluate: {min: 2, max: 1}", 3, "evaluate.min", "greater than", "swap"),
        (MINIMAL + "train: {image: x/y:1}", 3, "train.image", "not on the list", "none so far"),
        (MINIMAL + "budget: {run_usd: .inf}", 3, "budget.run_usd", "a number", "number"),
        ("a: 1\na: 2", 2, "a", "already set in line 1", "keep one"),
        ("a: &x 1\nb: *x", 1, "", "anchors", "write the value out"),
        ("algorithm: xgboost\ntarget:\t- x: y: z", 2, "", "not YAML", "spaces"),
        ("algorithm: xgboost\n target: x", 2, "", "not YAML", "indentation"),
        ("!!python/object:os.system x", 1, "", "tag", "plain value"),
        ("", 1, "", "empty", "algorithm"),
        ("# nothing", 1, "", "empty", "algorithm"),
        ("- a", 1, "", "not a block", "algorithm"),
        ("? [a]\n: 1", 1, "", "one word", "key: value"),
        ("a: " + "[" * 20 + "]" * 20, 1, "", "nested too deeply", "docs"),
        ("x" * 70_000, 1, "", "larger than 64 KiB", "data"),
        ("a: \x00", None, "", "not YAML", "encoding"),
    ],
)
def test_a_problem_names_line_field_reason_and_fix(
    text: str, line: int | None, field: str, reason: str, fix: str
) -> None:
    found = only(text)
    assert (found["field"], found["line"]) == (field, line or 1)
    assert reason in found["reason"]
    assert fix in found["fix"]


def test_every_problem_is_told_at_once() -> None:
    found = problems("algoritm: xgboost\ntarget: [1]\ntrain:\n  max_runtime: soon\n  zzz: 1")
    assert {p["field"] for p in found} == {"algorithm", "algoritm", "target", "train.max_runtime", "train.zzz"}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    assert "anchors" in only("\n".join(lines))["reason"]


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    assert only("[" * 60_000)["reason"] == "nested too deeply"
    assert only("a: " * 60 + "b")["reason"].startswith("not YAML")
    assert only("".join(f"{' ' * n}a:\n" for n in range(60)))["reason"] == "nested too deeply"


def test_an_image_on_the_owners_list() -> None:
    text = MINIMAL + "train: {image: '1.dkr/mine:7'}"
    assert read_project(text, "0.dkr/x:1, 1.dkr/mine:*").train.image == "1.dkr/mine:7"
    assert problems(text, "0.dkr/x:1")[0]["field"] == "train.image"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_project_or_a_problem(text: str) -> None:
    found = refused(text)
    assert found is None or found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(Project.model_fields)), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(Project.model_fields)), VALUES))
def test_any_values_are_a_project_or_have_a_line(values: dict[str, Any]) -> None:
    found = refused(json.dumps({"algorithm": "xgboost", "target": "a"} | values))
    assert all(p["line"] == 1 and p["reason"] and p["fix"] for p in found or [])


def test_an_instance_type_that_aws_has_not_is_refused_with_its_line_and_a_neighbour() -> None:
    with pytest.raises(ProjectInvalidError) as caught:
        read_project("algorithm: xgboost\ntarget: y\ntrain: {instance_type: ml.m5.larg}\n")
    (problem,) = caught.value.problems
    assert (problem["line"], problem["field"]) == (3, "train.instance_type")
    assert "ml.m5.large" in problem["fix"]


def test_the_instance_types_are_those_of_the_locked_botocore() -> None:
    from tools.instance_types import PATH, made

    assert PATH.read_text() == made()
