from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dropforge.project import Project
from dropforge.project_read import field_lines, project_warnings, read_project
from dropforge.project_warnings import LATER

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/project.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMPLETE = max(EXAMPLES, key=len)


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("project_schema", ROOT / "tools/project_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_docs_are_those_of_the_models(tool: Any) -> None:
    assert tool.main(["--check"]) == 0


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid_for_us_and_for_an_editor(tool: Any, example: str) -> None:
    read_project(example)
    jsonschema.validate(yaml.safe_load(example), json.loads(tool.schema()))


def test_the_first_example_has_three_lines_and_the_complete_one_every_section() -> None:
    assert len(EXAMPLES[0].splitlines()) == 3
    assert read_project(COMPLETE).model_fields_set == set(Project.model_fields)


def test_the_complete_example_warns_of_nothing_but_what_is_later() -> None:
    found = project_warnings(read_project(COMPLETE), field_lines(COMPLETE))
    assert all("checked and kept" in w["reason"] for w in found)


def test_the_page_marks_what_is_later() -> None:
    marked = {name for name, text in re.findall(r"^\| `([a-z_.]+)` \|(.*)$", PAGE, re.MULTILINE) if "*Later.*" in text}
    assert marked == set(LATER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": "xgboost", "targe": 1},
        {"algorithm": "a"},
        {"algorithm": "sklearn", "train": {"max_runtime": "x"}},
        {"algorithm": "sklearn", "tune": {"ranges": {"c": {"mn": 1}}}},
        {"algorithm": "sklearn", "deploy": {"serverless": {"memory": 7168}}},
        {"algorithm": "sklearn", "deploy": {"variants": [{"weight": 1}]}},
        {"algorithm": "sklearn", "data": {"checks": {"drift": "skip"}}},
    ],
)
def test_an_editor_sees_what_is_wrong(tool: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(tool.schema()))
