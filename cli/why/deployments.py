"""What people decided about a project's versions, and what came of each decision."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from cli.records import Item
from cli.service import Service
from cli.text import moment, package_name, took
from cli.why.story import Fact, Line

SHOWN = 20
SAID = {"approval": "approved", "rejection": "rejected"}


def decided_lines(service: Service, project: str) -> list[Line]:
    """The newest approvals and rejections, each with its outcome."""
    items = islice(service.records.decisions(project), SHOWN)
    table = service.records.table("DeploymentsTableName")
    return [
        Line(decided(item), "you", decided_at(item), Fact(f"table {table} · {item['pk']} · {item['sk']}", outputs=item))
        for item in items
    ]


def decided(item: Item) -> str:
    """A decision in words: which version, what became of it, how, and why."""
    kind = str(item["sk"]).partition("#")[0]
    what = f"version {package_name(item['pk']).rpartition('/')[2]} {SAID.get(kind, kind)} → {item.get('status')}"
    strategy = item.get("strategy")
    what += f" by {strategy}" if strategy and strategy != "none" else ""
    attempt = int(item.get("attempt") or 1)
    what += f" in attempt {attempt}" if attempt > 1 else ""
    what += f" after {took(item.get('started_at'), item.get('ended_at'))}" if item.get("ended_at") else ""
    return what + (f": {item['reason']}" if item.get("reason") else "")


def decided_at(item: Item) -> datetime | None:
    """When it was decided; the key has it, in whichever form the event had it."""
    said = str(item["sk"]).partition("#")[2]
    if said.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(said) / 1000, UTC)
    return moment(said) or moment(item.get("started_at"))
