"""What a target receives: the event, a constant, a part of the event, or a template filled from it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import hooks

Json = dict[str, Any]
_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\['([^']+)'\]|\[(\d+)\]")
MISSING = object()


def render(target: Json, rule: Json, view: Any) -> str | None:
    """Return the target's own input as text, or None when it receives the event itself."""
    if target.get("InputTransformer"):
        return _transform(target["InputTransformer"], rule, view)
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        value = select(target["InputPath"], view.event_with_detail())
        return None if value is MISSING else json.dumps(value)
    return None


def select(path: str, event: Any) -> Any:
    """Follow a JSONPath of names and indexes (``$.detail.object.key``, ``$.resources[0]``)."""
    position, value = 1, event
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return MISSING
        name = step[1] or step[2]
        try:
            value = value[int(step[3])] if name is None else value[name]
        except (KeyError, IndexError, TypeError):
            return MISSING
        position = step.end()
    return value


def _transform(transformer: Json, rule: Json, view: Any) -> str:
    event = view.event_with_detail()
    values: Json = {}
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        found = select(path, event)
        values[name] = "" if found is MISSING else found
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values |= {
        "aws.events.event.json": event,
        "aws.events.event": view.envelope(),
        "aws.events.event.ingestion-time": now,
        "aws.events.rule-name": rule.get("Name", ""),
        "aws.events.rule-arn": rule.get("Arn", ""),
    }
    rendered = hooks.target("services.eventbridge", "_render_input_template")(
        transformer.get("InputTemplate", ""), values
    )
    return str(rendered)
