"""Write what docs/ says of project.yaml from its models: the JSON Schema for editors, and the table of fields.

`python tools/project_schema.py` writes; with `--check` it only says whether the files are up to date (exit 1 if not).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dropforge.project import Project

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCHEMA = DOCS / "project.schema.json"
PAGE = DOCS / "project.md"
BEGIN, END = "<!-- fields: made by tools/project_schema.py -->", "<!-- end of fields -->"


def schema() -> str:
    """The JSON Schema, as editors read it (draft 2020-12)."""
    made = Project.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Dropforge project.yaml"
    # Null means absent to us, but a project.yaml never says it: editors should offer the value's own type.
    return json.dumps(_without_null(made), indent=2, ensure_ascii=False) + "\n"


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


def fields() -> str:
    """A Markdown table of every field, with its default and meaning."""
    made = json.loads(schema())
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in _rows(made, made, "")]
    return "\n".join(lines)


def _rows(node: dict[str, Any], whole: dict[str, Any], prefix: str) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, field in node["properties"].items():
        inner = _resolved(field, whole)
        text = field.get("description") or inner.get("description", "")
        if "properties" in inner:
            rows.append((prefix + name, "block", "", text.split("\n")[0]))
            rows += _rows(inner, whole, f"{prefix}{name}.")
            continue
        default = f"`{json.dumps(field['default'])}`" if field.get("default") not in (None, {}, []) else ""
        rows.append((prefix + name, _kind(inner, whole), default, text))
    return rows


def _resolved(field: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref")
    found: dict[str, Any] = whole["$defs"][reference.rsplit("/", 1)[1]] if reference else field
    return found


def _kind(field: dict[str, Any], whole: dict[str, Any]) -> str:
    if "enum" in field or "const" in field:
        return " or ".join(f"`{v}`" for v in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        return " or ".join(_kind(o, whole) for o in field["anyOf"])
    if field.get("type") == "array":
        item = _resolved(field["items"], whole)
        return f"list of `{{{', '.join(item['properties'])}}}`" if "properties" in item else "list of text"
    if field.get("type") == "object":
        return "`name: value` lines"
    limits = [f"{word} {field[k]}" for k, word in (("minimum", "≥"), ("maximum", "≤"), ("exclusiveMinimum", ">"))
              if k in field]  # fmt: skip
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
