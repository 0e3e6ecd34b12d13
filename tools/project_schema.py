"""Write what docs/ says of project.yaml from its models: the JSON Schema for editors, and the table of fields.

`python tools/project_schema.py` writes; with `--check` it only says whether the files are up to date (exit 1 if not).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dropforge.project_schema import NOT_YET, resolved, schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCHEMA = DOCS / "project.schema.json"
PAGE = DOCS / "project.md"
BEGIN, END = "<!-- fields: made by tools/project_schema.py -->", "<!-- end of fields -->"


def fields() -> str:
    """A Markdown table of every field, with its default and meaning."""
    made = json.loads(schema())
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in _rows(made, made, "")]
    return "\n".join(lines)


def _rows(node: dict[str, Any], whole: dict[str, Any], prefix: str) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, field in node["properties"].items():
        inner = resolved(field, whole)
        text = (field.get("description") or inner.get("description", "")).split("\n")[0].replace(NOT_YET, " *Later.*")
        if name == "enabled" and prefix != "deploy.":
            continue  # the block's own line says so
        if "properties" in inner:
            rows.append((prefix + name, "block, `enabled`" if "enabled" in inner["properties"] else "block", "", text))
            rows += _rows(inner, whole, f"{prefix}{name}.")
            continue
        default = f"`{json.dumps(field['default'])}`" if field.get("default") not in (None, {}, []) else ""
        rows.append(
            (prefix + name, _kind(inner, whole), "required" if name in node.get("required", []) else default, text)
        )
    return rows


def _kind(field: dict[str, Any], whole: dict[str, Any]) -> str:
    field = resolved(field, whole)
    if "properties" in field:
        return f"`{{{', '.join(field['properties'])}}}`"
    if "enum" in field or "const" in field:
        return " or ".join(f"`{v}`" for v in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        return " or ".join(_kind(o, whole) for o in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'], whole)}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"by name, {_kind(values, whole)}" if isinstance(values, dict) else "by name"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "multipleOf": "by"}
    limits = [f"{sign} {field[k]}" for k, sign in signs.items() if k in field]
    kind = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}[field["type"]]
    return f"{kind} {', '.join(limits)}".strip()


def page(text: str) -> str:
    """The page with its table renewed."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{fields()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status."""
    wanted = {SCHEMA: schema(), PAGE: page(PAGE.read_text(encoding="utf-8"))}
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.name} is out of date: run python tools/project_schema.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
