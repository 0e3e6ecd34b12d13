from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dropforge.project_read import read_project

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/project.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_valid_for_us_and_for_an_editor(tool: Any, example: str) -> None:
    read_project(example)
    jsonschema.validate(yaml.safe_load(example), json.loads(tool.schema()))


@pytest.mark.parametrize(
    "wrong",
    [{"algorithm": "xgboost", "targe": 1}, {"algorithm": "a"}, {"algorithm": "sklearn", "train": {"max_runtime": "x"}}],
)
def test_an_editor_sees_what_is_wrong(tool: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(tool.schema()))
