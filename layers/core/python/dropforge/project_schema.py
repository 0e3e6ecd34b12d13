"""The JSON Schema of project.yaml, for editors. No function imports this."""

from __future__ import annotations

import json
from typing import Any

from dropforge.project import Project
from dropforge.project_warnings import LATER

NOT_YET = " (checked and kept; not acted on yet)"


def schema() -> str:
    """The JSON Schema, as editors read it (draft 2020-12)."""
    made = Project.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Dropforge project.yaml"
    # Null means absent to us, but a project.yaml never says it: editors should offer the value's own type.
    whole: dict[str, Any] = _without_null(made)
    for name in LATER:
        field = _field(whole, name.split("."))
        field["description"] = field["description"] + NOT_YET
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def resolved(field: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """What a field's reference stands for, or the field itself."""
    reference = field.get("$ref")
    found: dict[str, Any] = whole["$defs"][reference.rsplit("/", 1)[1]] if reference else field
    return found


def _field(whole: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    field = whole
    for step in steps:
        field = resolved(field, whole)["properties"][step]
    return field


def _without_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_null(n) for n in node]
    if not isinstance(node, dict):
        return node
    kept = {k: _without_null(v) for k, v in node.items() if not (k == "default" and v is None)}
    options = [o for o in kept.get("anyOf", []) if o != {"type": "null"}]
    if len(options) == 1:
        kept.pop("anyOf")
        return options[0] | kept
    return kept | ({"anyOf": options} if options else {})
