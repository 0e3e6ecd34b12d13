"""An inspection that fits into a state machine, whatever was dropped."""

from __future__ import annotations

import json
from typing import Any

#: Of the 256 KiB that a state carries; the rest is for what lies beside it.
MOST_BYTES = 90_000
SHOWN_FILES = 50
SHOWN_COLUMNS = 200
SHOWN_FINDINGS = 20
SHOWN_ROWS = 5
LONGEST_TEXT = 200
LONGEST_MESSAGE = 1000


def trimmed(inspection: dict[str, Any]) -> dict[str, Any]:
    """The inspection with its lists cut, further and further, until it is small enough."""
    whole = {**inspection, "findings": [_finding(f) for f in inspection["findings"][:SHOWN_FINDINGS]]}
    found = whole
    for share in (1, 2, 5, 10, 50):
        found = _cut(whole, share)
        if len(json.dumps(found, ensure_ascii=False).encode()) <= MOST_BYTES:
            return found
    least = {"files": [], "quarantined": [], "head": {**found["head"], "columns": None, "rows": []}}
    return {**found, **least, **({"proposal": None} if "proposal" in found else {})}


def _cut(inspection: dict[str, Any], share: int) -> dict[str, Any]:
    table, head = inspection.get("table"), inspection["head"]
    quarantined = inspection["quarantined"][: SHOWN_FILES // share]
    return {
        **inspection,
        "files": inspection["files"][: SHOWN_FILES // share],
        "quarantined": [{**item, "reason": item["reason"][:LONGEST_MESSAGE]} for item in quarantined],
        "table": None if table is None else {**table, "columns": table["columns"][: SHOWN_COLUMNS // share]},
        "head": head if share == 1 else {**head, "rows": head["rows"][:1] if share < SHOWN_ROWS else []},
        "findings": inspection["findings"][: max(1, SHOWN_FINDINGS // share)],
    }


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    return {
        **finding,
        "message": finding["message"][:LONGEST_MESSAGE],
        "fix": finding["fix"][:LONGEST_MESSAGE],
        "rows": [{**row, "text": str(row["text"])[:LONGEST_TEXT]} for row in finding["rows"][:SHOWN_ROWS]],
    }
